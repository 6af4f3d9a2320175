// Generates a client with orval and pays with it by an API key.
import { generate } from "orval";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { SERVICE, VIDEO_URL, OPENAPI, API_KEY } = process.env;
const output = { target: "made.ts", client: "fetch", baseUrl: SERVICE };
await generate({ input: { target: OPENAPI }, output });
writeFileSync("package.json", JSON.stringify({ type: "module" }));
const options = ["--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022", "--lib", "es2022,dom,dom.iterable"];
const checked = spawnSync("tsc", [...options, "--strict", "--skipLibCheck", "--outDir", "js", "made.ts"], { encoding: "utf8" });
// It types the body of an upload, a file or a form, so that its own call of fetch does not fit. All else fits.
const wrong = checked.stdout.split("\n").filter((line) => line.startsWith("made.ts"));
if (wrong.length > 1 || !wrong.every((line) => line.includes("CreateUploadBody"))) throw new Error(checked.stdout);
const made = await import(pathToFileURL("js/made.js"));
const headers = { "X-Api-Key": API_KEY };
const answer = await made.videoFaceLivenessDetection({ VideoUrl: VIDEO_URL }, undefined, { headers });
if (answer.status !== 200) throw new Error(JSON.stringify(answer));
console.log(JSON.stringify({ verdict: answer.data.data.Liveness.verdict }));
