// Verifies an answer's signed verdict by jose, with the keys that the service publishes.
import { createRemoteJWKSet, jwtVerify } from "jose";

const { SERVICE, VIDEO_URL, API_KEY } = process.env;
const headers = { "Content-Type": "application/json", "X-Api-Key": API_KEY };
const body = JSON.stringify({ VideoUrl: VIDEO_URL });
const url = `${SERVICE}/api/tools/video-face-liveness-detection`;
const answer = await (await fetch(url, { method: "POST", headers, body })).json();
const keys = createRemoteJWKSet(new URL(`${SERVICE}/.well-known/jwks.json`));
const { payload } = await jwtVerify(answer.data.Receipt, keys);
if (payload.requestId !== answer.requestId) throw new Error(JSON.stringify(payload));
console.log(JSON.stringify({ verdict: payload.verdict }));
