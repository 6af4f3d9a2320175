// Generates a client with @hey-api/openapi-ts and pays with it by an API key.
import { createClient } from "@hey-api/openapi-ts";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const { SERVICE, VIDEO_URL, OPENAPI, API_KEY } = process.env;
await createClient({ input: OPENAPI, output: "made", logs: { level: "silent" } });
writeFileSync("package.json", JSON.stringify({ type: "commonjs" }));
const options = ["--module", "commonjs", "--target", "es2022", "--lib", "es2022,dom,dom.iterable", "--skipLibCheck"];
execFileSync("tsc", [...options, "--strict", "--outDir", "js", "made/index.ts", "made/client.gen.ts"], { stdio: "inherit" });
const { default: sdk } = await import(pathToFileURL("js/index.js"));
const { default: made } = await import(pathToFileURL("js/client.gen.js"));
made.client.setConfig({ baseUrl: SERVICE, headers: { "X-Api-Key": API_KEY } });
const { data, error } = await sdk.videoFaceLivenessDetection({ body: { VideoUrl: VIDEO_URL } });
if (error) throw new Error(JSON.stringify(error));
console.log(JSON.stringify({ verdict: data.data.Liveness.verdict }));
