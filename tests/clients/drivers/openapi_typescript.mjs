// Generates types with openapi-typescript; openapi-fetch pays by an API key, in a script that fits the types.
import openapiTS, { astToString } from "openapi-typescript";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const SCRIPT = `
import createClient from "openapi-fetch";
import type { paths } from "./schema";

export async function call(baseUrl: string, url: string, key: string): Promise<string> {
  const client = createClient<paths>({ baseUrl, headers: { "X-Api-Key": key } });
  const path = "/api/tools/video-face-liveness-detection";
  const { data, error } = await client.POST(path, { body: { VideoUrl: url } });
  if (error || !data || !("data" in data)) throw new Error(JSON.stringify(error));
  return JSON.stringify(data.data);
}
`;
const { SERVICE, VIDEO_URL, OPENAPI, API_KEY } = process.env;
writeFileSync("schema.d.ts", astToString(await openapiTS(pathToFileURL(OPENAPI))));
writeFileSync("call.ts", SCRIPT);
writeFileSync("package.json", JSON.stringify({ type: "module" }));
const options = ["--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022", "--lib", "es2022,dom"];
execFileSync("tsc", [...options, "--strict", "--skipLibCheck", "--outDir", "js", "call.ts"], { stdio: "inherit" });
const { call } = await import(pathToFileURL("js/call.js"));
const data = JSON.parse(await call(SERVICE, VIDEO_URL, API_KEY));
console.log(JSON.stringify({ verdict: data.Liveness.verdict }));
