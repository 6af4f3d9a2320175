// Pays by x402-axios (x402 version 1).
import axios from "axios";
import { createWalletClient, http, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";
import { decodeXPaymentResponse, withPaymentInterceptor } from "x402-axios";

const { SERVICE, VIDEO_URL, WALLET_KEY } = process.env;
const account = privateKeyToAccount(WALLET_KEY);
const wallet = createWalletClient({ account, chain: baseSepolia, transport: http() }).extend(publicActions);
const paying = withPaymentInterceptor(axios.create(), wallet);
const answer = await paying.post(`${SERVICE}/api/tools/video-face-liveness-detection`, { VideoUrl: VIDEO_URL });
const settled = decodeXPaymentResponse(answer.headers["x-payment-response"]);
if (!settled.success) throw new Error(JSON.stringify(settled));
console.log(JSON.stringify({ verdict: answer.data.data.Liveness.verdict }));
