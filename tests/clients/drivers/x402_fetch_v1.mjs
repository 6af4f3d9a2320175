// Pays by x402-fetch (x402 version 1); it pays at most 0.10 USDC unless it is told more.
import { createWalletClient, http, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";
import { decodeXPaymentResponse, wrapFetchWithPayment } from "x402-fetch";

const { SERVICE, VIDEO_URL, WALLET_KEY } = process.env;
const account = privateKeyToAccount(WALLET_KEY);
const wallet = createWalletClient({ account, chain: baseSepolia, transport: http() }).extend(publicActions);
const pay = wrapFetchWithPayment(fetch, wallet, BigInt(200000));
const headers = { "Content-Type": "application/json" };
const body = JSON.stringify({ VideoUrl: VIDEO_URL });
const path = `/api/tools/video-face-liveness-detection${process.argv[2] ?? ""}`;
const answer = await pay(SERVICE + path, { method: "POST", headers, body });
const settled = decodeXPaymentResponse(answer.headers.get("X-PAYMENT-RESPONSE"));
if (!settled.success) throw new Error(JSON.stringify(settled));
console.log(JSON.stringify({ verdict: (await answer.json()).data.Liveness.verdict }));
