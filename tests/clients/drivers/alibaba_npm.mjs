// Calls the service by Alibaba Cloud's SDK for Node.
import sdk from "@alicloud/facebody20191230";
import { Config } from "@alicloud/openapi-client";
import { RuntimeOptions } from "@alicloud/tea-util";

const { ENDPOINT, VIDEO_URL, ACCESS_KEY_ID, ACCESS_KEY_SECRET } = process.env;
const keys = { accessKeyId: ACCESS_KEY_ID, accessKeySecret: ACCESS_KEY_SECRET };
const client = new sdk.default(new Config({ ...keys, endpoint: ENDPOINT, protocol: "http" }));
const request = new sdk.DetectVideoLivingFaceRequest({ videoUrl: VIDEO_URL });
const options = new RuntimeOptions({ readTimeout: 180_000 });
const answer = await client.detectVideoLivingFaceWithOptions(request, options);
if (!(answer.body.data.elements[0].liveConfidence >= 0)) throw new Error(JSON.stringify(answer));
console.log(JSON.stringify({ verdict: answer.headers["x-alive402-verdict"] }));
