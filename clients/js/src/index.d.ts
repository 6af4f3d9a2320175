/** Types of the package `alive402`. */

export type Verdict = "live" | "spoof" | "inconclusive";

export interface TypedData {
  domain: { name: string; version: string; chainId: number; verifyingContract: string };
  types: Record<string, { name: string; type: string }[]>;
  primaryType: string;
  message: Record<string, string>;
}

/** Signs EIP-712 data: an account of viem fits, and what `browserWallet` returns. */
export interface Wallet {
  readonly address: string;
  // A method, so that accounts with stricter parameter types fit.
  signTypedData(data: any): Promise<string>;
}

export interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<any>;
}

export interface JsonWebKeySet {
  keys: { kid?: string; kty?: string; crv?: string; x?: string; [name: string]: unknown }[];
}

export interface Payment {
  network?: string;
  transaction?: string;
  payer?: string;
  /** Atomic units of the token. */
  amount?: string;
  paymentId?: string;
}

export interface Claims {
  requestId: string;
  verdict: Verdict;
  confidence?: number;
  iat: number;
  iss?: string;
  videoSha256?: string;
  imagesSha256?: string[];
  answerSha256: string;
  reportSha256?: string;
  payment: Payment | null;
  [name: string]: unknown;
}

/** A paid answer whose signature was verified. */
export interface Answer {
  verdict: Verdict;
  liveConfidence: number | null;
  /** Whether the video answers the challenge that was named, as signed; null without one. */
  freshness: "answered" | "not_answered" | "unclear" | null;
  requestId: string;
  reportUrl: string | null;
  report: Record<string, any> | null;
  payment: Payment | null;
  claims: Claims;
  /** The whole answer, as JSON and as the service sent it. */
  body: Record<string, any>;
  text: string;
}

/** A purchase whose answer is missing; `Client.resume` gets it with the same payment. Keep it secret: it holds the payment. */
export interface Pending {
  service: string;
  request: Record<string, unknown>;
  headers: Record<string, string>;
  sha256: string | null;
  payer: string | null;
}

export interface Options {
  /** Signs x402 payments (EIP-3009). Give one of `wallet`, `token` and `apiKey`. */
  wallet?: Wallet;
  /** A prepaid token. */
  token?: string;
  apiKey?: string;
  /** The most that one answer may cost, paid from the wallet. Default: 1. */
  maxUsd?: number;
  /** The most that all answers of this client may cost together. Default: no limit. */
  budgetUsd?: number;
  /** The service's public keys, to trust these only. Default: they are fetched from it. */
  jwks?: JsonWebKeySet;
  /** For how many seconds a request is repeated when its answer is lost or the service is busy. Default: 300. */
  patience?: number;
  /** Is called with a few words before each step. */
  tell?: (step: string) => void;
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch;
}

export interface BuyOptions {
  /** Whether it is a picture. Default: seen from the bytes or the URL's ending. */
  picture?: boolean;
  /** A name of this purchase: the same URL under it is charged once. */
  idempotencyKey?: string;
  /** The id of a challenge, made by the same payer, that the video has to answer. */
  challenge?: string;
  /** The `bind` that the challenge was made with. */
  bind?: string;
}

export type Movement = "turn_left" | "turn_right" | "look_up" | "look_down" | "open_mouth";

export interface ChallengeOptions {
  /** Your name of the session or the user; `buy` has to repeat it. */
  bind?: string;
  /** How many movements; 5 by default. */
  steps?: number;
  /** Movements that the person cannot make. */
  avoid?: Movement[];
  pace?: "normal" | "slow";
  /** Begin at once: `body` has the steps then. */
  begin?: boolean;
}

/** A challenge in the state that it had when it was read. Moments are ISO 8601. */
export interface IssuedChallenge {
  id: string;
  state: "issued" | "begun" | "filmed" | "used" | "expired";
  /** The page where the person films the answer. */
  captureUrl: string;
  statusUrl: string;
  /** Until then it has to be begun. */
  expiresAt: string;
  /** Until then the clip has to be there; null until it is begun. */
  answerBy: string | null;
  /** The clip that was handed over, for `buy`. */
  uploadUrl: string | null;
  /** The call that used it. */
  requestId: string | null;
  body: Record<string, any>;
}

export class Client {
  constructor(url: string, options?: Options);
  /** Pays for the judgement of a video or picture, and returns the verified answer. */
  buy(source: string | Blob | ArrayBuffer | ArrayBufferView, options?: BuyOptions): Promise<Answer>;
  /** Makes a challenge. Nothing is charged; a wallet signs the payment of the call that names it. */
  newChallenge(options?: ChallengeOptions): Promise<IssuedChallenge>;
  /** The state of a challenge. */
  challenge(id: string): Promise<IssuedChallenge>;
  /** Pays for the answer of a service, by its id, to a request in its own form. */
  call(service: string, request: Record<string, unknown>, options?: { idempotencyKey?: string }): Promise<Answer>;
  /** Gets the answer of a purchase that ended without one, with the same payment. */
  resume(pending: Pending): Promise<Answer>;
  /** Gets test money for the wallet from the faucet of a test chain. */
  fund(): Promise<void>;
}

/** No verified answer. */
export class ClientError extends Error {
  /** The service's code (docs/pay.md), or service_unreachable, spend_cap_exceeded, no_way_to_pay, input_unreadable, verdict_unverified. */
  readonly code: string;
  /** Whether money moved; null when it is not known. */
  readonly charged: boolean | null;
  readonly status?: number;
  readonly details: Record<string, any>;
  readonly requestId?: string;
  /** The purchase to resume, where the answer may have been paid. */
  readonly pending?: Pending;
  /** The answer as it came, where its signature is wrong. */
  readonly text?: string;
}

/** A wallet over a browser's provider (EIP-1193), such as `window.ethereum`; it asks the person for an account. */
export function browserWallet(provider: Provider): Promise<Wallet>;

/** Verifies a whole answer against the service's keys; `url` is the service's. */
export function verifyAnswer(text: string, jwks: JsonWebKeySet, url?: string): Promise<Claims>;

/** Verifies a signed verdict alone. */
export function verifyVerdict(jws: string, jwks: JsonWebKeySet): Promise<Claims>;

export const VIDEO_SERVICE: string;
export const PICTURE_SERVICE: string;
