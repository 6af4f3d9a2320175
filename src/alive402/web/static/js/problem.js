// A problem of a call: a stable code, the service's message, and whether money moved.

export class Problem extends Error {
  constructor(code, { message = "", status = 0, details = {}, requestId = null, retryAfter = 0 } = {}) {
    super(message || code);
    Object.assign(this, { code, said: message, status, details, requestId, retryAfter });
  }

  // The problem of a refusal's body and HTTP status.
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

// One request to the service; a network failure or an unreadable body is the problem `unreachable`.
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

// A URL of the service, moved to the origin of this page.
export function here(address) {
  const { pathname, search } = new URL(address, location.href);
  return pathname + search;
}
