// The public names of the package.

export { Client, PICTURE_SERVICE, VIDEO_SERVICE } from "./client.js";
export { ClientError } from "./errors.js";
export { browserWallet } from "./payment.js";
export { verifyAnswer, verifyVerdict } from "./receipt.js";
