// What stands in the way of an answer: a stable code, the service's own sentence, and what is known of the money.

export class Problem extends Error {
  constructor(code, { message = "", status = 0, details = {}, requestId = null, retryAfter = 0 } = {}) {
    super(message || code);
    Object.assign(this, { code, said: message, status, details, requestId, retryAfter });
  }

  // A refusal as the service tells it, with its HTTP status.
  static of(body, status, retryAfter = 0) {
    return new Problem(body?.code ?? "unreachable", {
      message: body?.message,
      status,
      details: body?.details,
      requestId: body?.requestId,
      retryAfter,
    });
  }
}

// One request to the service; whatever comes instead of an answer is the problem `unreachable`.
export async function ask(address, options = {}) {
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new Problem("unreachable");
  }
  const body = await response.json().catch(() => null);
  if (body === null) throw new Problem("unreachable", { status: response.status });
  return { response, body };
}

export function refusalOf({ response, body }) {
  return Problem.of(body, response.status, Number(response.headers.get("Retry-After")) || 0);
}
