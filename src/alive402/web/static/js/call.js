// One paid call: uploads the video, follows the job, fetches the answer. Every step sends the same payment.

import { ask, here, Problem, refusalOf } from "./problem.js";

const SIGNATURE = "PAYMENT-SIGNATURE";
const POLL_MS = 1000;
const IN_USE_TRIES = 90;
const LOST_TRIES = 5;

// Uploads a file; resolves to its URL. Calls `tell(share)` during the upload; `signal` cancels it.
export function upload(root, service, file, payment, tell, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${root}/api/uploads?service=${encodeURIComponent(service)}`);
    request.setRequestHeader(SIGNATURE, payment);
    request.setRequestHeader("Content-Type", /^(video|image)\//.test(file.type) ? file.type.split(";")[0] : "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && tell(event.loaded / event.total);
    request.onerror = () => reject(new Problem("unreachable"));
    request.onabort = () => reject(new Problem("job_cancelled"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.onload = () => {
      if (request.status === 201) resolve(request.response.url);
      else reject(Problem.of(request.response, request.status, Number(request.getResponseHeader("Retry-After")) || 0));
    };
    request.send(file);
  });
}

// Calls the service with `input`; resolves to the body of the 200. Calls `tell(stage, share)` during the call; `signal`
// cancels its job, which then costs nothing, unless it has its answer already.
export async function answer(path, input, payment, tell, signal) {
  for (let tries = 0; ; tries += 1) {
    if (signal.aborted) throw new Problem(tries ? "stopped_waiting" : "job_cancelled");
    const asked = await ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", [SIGNATURE]: payment, Prefer: "respond-async" },
      body: JSON.stringify(input),
    });
    if (asked.response.status === 200) return asked.body;
    if (asked.response.status === 202) return follow(asked.body, tell, signal);
    const refusal = refusalOf(asked);
    // An earlier try with this payment is still running; its answer is also the answer of this one.
    if (refusal.code !== "payment_in_use" || tries === IN_USE_TRIES) throw refusal;
    await pause((refusal.retryAfter || 2) * 1000);
  }
}

// Waits for a job by its events, or by polling where events do not arrive.
async function follow(job, tell, signal) {
  const place = here(job.statusUrl);
  const cancel = () => fetch(place, { method: "DELETE" }).catch(() => null);
  if (signal.aborted) await cancel();
  else signal.addEventListener("abort", cancel, { once: true });
  await new Promise((resolve) => {
    const events = new EventSource(`${place}/events`);
    const end = () => {
      events.close();
      resolve();
    };
    events.addEventListener("progress", (event) => {
      const { stage, progress } = JSON.parse(event.data);
      tell(stage, progress);
    });
    events.addEventListener("done", end);
    events.addEventListener("failed", end);
    events.addEventListener("error", end);
  });
  for (let lost = 0; ; ) {
    try {
      const { response, body } = await ask(place);
      if (!response.ok) throw refusalOf({ response, body });
      lost = 0;
      if (body.status === "done") return body.result;
      if (body.status === "failed") throw Problem.of(body.error, body.error.status ?? 500);
      tell(body.stage, body.progress);
    } catch (error) {
      lost += 1;
      if (error.code !== "unreachable" || lost === LOST_TRIES) throw error;
    }
    await pause(POLL_MS);
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
