// Receives the callback of a job and verifies its signature by standardwebhooks.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const { SERVICE, VIDEO_URL, API_KEY } = process.env;
const called = new Promise((resolve) => {
  globalThis.receiver = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    response.writeHead(204).end();
    resolve({ headers: request.headers, body });
  }).listen(0, "127.0.0.1");
});
await new Promise((listening) => receiver.once("listening", listening));
const headers = {
  "Content-Type": "application/json",
  "X-Api-Key": API_KEY,
  Prefer: "respond-async",
  "X-Callback-Url": `http://127.0.0.1:${receiver.address().port}/`,
};
const url = `${SERVICE}/api/tools/video-face-liveness-detection`;
const asked = await fetch(url, { method: "POST", headers, body: JSON.stringify({ VideoUrl: VIDEO_URL }) });
const { callbackSecret } = await asked.json();
const posted = await called;
receiver.close();
const job = new Webhook(callbackSecret).verify(posted.body, posted.headers);
let refused = false;
try {
  new Webhook(`whsec_${"A".repeat(32)}`).verify(posted.body, posted.headers);
} catch {
  refused = true;
}
if (!refused) throw new Error("another secret verifies the callback too");
console.log(JSON.stringify({ verdict: job.result.data.Liveness.verdict }));
