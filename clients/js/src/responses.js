// Reads the service's responses: what to repeat, what was refused, what was paid, and the answer.

import { ClientError } from "./errors.js";
import { bytesOf } from "./receipt.js";

// After how many seconds the same request is sent again; null when the response is final.
export function repeatedAfter(reply) {
  if (reply.lost) return 0;
  const { status, body } = reply;
  const atWork = status === 409 && body?.code === "payment_in_use";
  const unknown = status >= 400 && body?.charged === null;
  const gateway = (status === 502 || status === 504) && !body?.code;
  if (!atWork && !unknown && !gateway && status !== 429 && status !== 503) return null;
  const after = reply.headers.get("Retry-After") ?? "";
  return /^\d+$/.test(after) ? Number(after) : 0;
}

export function refused(reply, pending) {
  const { status, body } = reply;
  if (typeof body?.code !== "string") {
    return new ClientError(
      "service_unreachable",
      `The answer (HTTP ${status}) is not one of this kind of service. Check the URL.`,
      { status, charged: pending ? null : false, pending },
    );
  }
  const inUse = body.code === "payment_in_use";
  const charged = inUse ? null : (body.charged ?? (body.charged === null ? null : false));
  return new ClientError(body.code, String(body.message ?? ""), {
    charged,
    status,
    details: body.details,
    requestId: body.requestId,
    pending: charged === false ? undefined : pending,
  });
}

export function check(claims, reply, pending) {
  const header = reply.headers.get("PAYMENT-RESPONSE");
  const settled = header ? parsed(new TextDecoder().decode(bytesOf(header))) : null;
  const paid = claims.payment ?? {};
  const names = ["transaction", "network", "payer", "amount"];
  const differs = names.some((name) => settled?.[name] != null && settled[name] !== paid[name]);
  if (differs) {
    throw new ClientError("verdict_unverified", "The PAYMENT-RESPONSE header is not the payment that was signed.");
  }
  if (pending.sha256 && ![claims.videoSha256, ...(claims.imagesSha256 ?? [])].includes(pending.sha256)) {
    throw new ClientError("verdict_unverified", "The answer is about another file than the one that was sent.");
  }
  if (pending.request.ChallengeId && claims.freshness?.challengeId !== pending.request.ChallengeId) {
    throw new ClientError("verdict_unverified", "The answer is not about the challenge that was named.");
  }
  if (pending.payer && paid.payer && paid.payer.toLowerCase() !== pending.payer.toLowerCase()) {
    throw new ClientError("verdict_unverified", "The answer was paid by another payer.");
  }
}

export function answerOf({ body, text }, claims) {
  return {
    verdict: claims.verdict,
    liveConfidence: claims.confidence ?? null,
    freshness: claims.freshness?.status ?? null,
    requestId: body.requestId,
    reportUrl: body.reportUrl ?? null,
    report: body.data.Liveness ?? null,
    payment: claims.payment ?? null,
    claims,
    body,
    text,
  };
}

// An answer of the service about a challenge; its state names no URLs.
export function challengeOf(body, url) {
  const { challengeId: id, answerBy = null, uploadUrl = null, requestId = null } = body;
  return {
    id,
    state: body.state ?? (answerBy ? "begun" : "issued"),
    captureUrl: body.captureUrl ?? `${url}/capture/${id}`,
    statusUrl: body.statusUrl ?? `${url}/api/challenges/${id}`,
    expiresAt: body.expiresAt,
    answerBy,
    uploadUrl,
    requestId,
    body,
  };
}

export function parsed(text) {
  try {
    const found = JSON.parse(text);
    return found && typeof found === "object" ? found : null;
  } catch {
    return null;
  }
}
