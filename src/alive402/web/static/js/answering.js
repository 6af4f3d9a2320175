// The answer to a challenge in "Try it": draws one for the signed payment, and films it in <alive-capture>.

import "./alive-capture.js";
import { ask, Problem, refusalOf } from "./problem.js";

async function drawn(root, payment, options, signal = null) {
  const asked = await ask(`${root}/api/challenges`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "PAYMENT-SIGNATURE": payment },
    body: JSON.stringify(options),
    signal,
  }).catch((problem) => {
    throw signal?.aborted ? new Problem("job_cancelled") : problem;
  });
  if (!asked.response.ok) throw refusalOf(asked);
  return asked.body.challengeId;
}

// Puts the component into `place` and calls `shown`; resolves to {challenge, url, file} once the clip is handed over.
// `signal` cancels the request for the challenge.
export async function filmed(place, root, payment, shown, signal) {
  const element = document.createElement("alive-capture");
  element.setAttribute("service", root);
  element.setAttribute("challenge", await drawn(root, payment, {}, signal));
  element.setAttribute("redraws", "");
  return new Promise((resolve, reject) => {
    let file = null;
    element.addEventListener("alive-redraw", ({ detail }) => {
      drawn(root, payment, detail).then((id) => element.setAttribute("challenge", id), reject);
    });
    element.addEventListener("alive-clip", ({ detail }) => (file = detail.file));
    element.addEventListener("alive-handed-over", ({ detail }) => resolve({ challenge: detail.challengeId, url: detail.uploadUrl, file }));
    place.replaceChildren(element);
    shown();
  });
}
