// Lists the service as the directory agentcash does.
import { discoverOriginSchema } from "@agentcash/discovery";

const found = await discoverOriginSchema({ target: process.env.SERVICE });
const modes = Object.fromEntries(found.endpoints.map((each) => [each.path, each]));
for (const [id, price] of [["video-face-liveness-detection", "0.20 USD"], ["face-liveness-detection", "0.05 USD"]]) {
  const listed = modes[`/api/tools/${id}`];
  const told = [listed.authMode, listed.price, ...listed.protocols];
  if (told.join() !== ["paid", price, "x402", "mpp"].join()) throw new Error(JSON.stringify(listed));
}
const keyed = found.endpoints.filter((each) => String(each.authMode).includes("apiKey"));
if (keyed.length) throw new Error(JSON.stringify(keyed));
console.log(JSON.stringify({ endpoints: found.endpoints.length }));
