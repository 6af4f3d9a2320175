// The one error of the client: a stable code, and whether it was charged.

/** No verified answer. `code` is the service's, or one of the client's own. */
export class ClientError extends Error {
  constructor(code, message, { charged = false, status, details, requestId, pending, text } = {}) {
    super(message);
    this.name = "ClientError";
    this.code = code;
    this.charged = charged;
    this.status = status;
    this.details = details ?? {};
    this.requestId = requestId;
    this.text = text;
    // It holds the payment, so it is not printed with the error.
    Object.defineProperty(this, "pending", { value: pending, enumerable: false });
  }
}
