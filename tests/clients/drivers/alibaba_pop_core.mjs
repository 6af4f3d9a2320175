// Calls the service by @alicloud/pop-core, which takes any action of an RPC API.
import PopCore from "@alicloud/pop-core";

const { SERVICE, VIDEO_URL, ACCESS_KEY_ID, ACCESS_KEY_SECRET } = process.env;
const keys = { accessKeyId: ACCESS_KEY_ID, accessKeySecret: ACCESS_KEY_SECRET };
const client = new PopCore.RPCClient({ ...keys, endpoint: SERVICE, apiVersion: "2019-12-30", opts: { timeout: 180_000 } });
const answer = await client.request("DetectVideoLivingFace", { VideoUrl: VIDEO_URL }, { method: "POST" });
// It shows no headers, and the vendor's body has no verdict: 0.5 is the service's threshold.
const { LiveConfidence } = answer.Data.Elements[0];
console.log(JSON.stringify({ verdict: LiveConfidence >= 0.5 ? "live" : "spoof" }));
