// Calls the tool as an AI SDK tool, made by @ai-sdk/mcp, with a prepaid token in the connection's headers.
import { createMCPClient } from "@ai-sdk/mcp";

const { SERVICE, VIDEO_URL, TOKEN } = process.env;
const transport = { type: "http", url: `${SERVICE}/mcp`, headers: { "X-Payment-Token": TOKEN } };
const client = await createMCPClient({ transport });
const tools = await client.tools();
const call = { toolCallId: "1", messages: [] };
const answer = await tools.video_face_liveness_detection.execute({ VideoUrl: VIDEO_URL }, call);
await client.close();
if (answer.isError) throw new Error(JSON.stringify(answer));
console.log(JSON.stringify({ verdict: answer.structuredContent.data.Liveness.verdict }));
