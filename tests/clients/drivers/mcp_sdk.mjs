// Calls the tool by @modelcontextprotocol/sdk (version 1), with a prepaid token in the connection's headers.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { SERVICE, VIDEO_URL, TOKEN } = process.env;
const name = "video_face_liveness_detection";
const client = new Client({ name: "matrix", version: "1.0.0" });
const requestInit = { headers: { "X-Payment-Token": TOKEN } };
await client.connect(new StreamableHTTPClientTransport(new URL(`${SERVICE}/mcp`), { requestInit }));
const { tools } = await client.listTools();
if (!tools.some((tool) => tool.name === name)) throw new Error(JSON.stringify(tools));
const { contents } = await client.readResource({ uri: "alive402://guide" });
if (!contents[0].text.includes("x402")) throw new Error(contents[0].text);
const answer = await client.callTool({ name, arguments: { VideoUrl: VIDEO_URL } }, undefined, { timeout: 180_000 });
if (answer.isError) throw new Error(JSON.stringify(answer));
await client.close();
console.log(JSON.stringify({ verdict: answer.structuredContent.data.Liveness.verdict }));
