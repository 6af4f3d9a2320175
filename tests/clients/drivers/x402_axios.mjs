// Pays by @x402/axios (x402 version 2).
import { decodePaymentResponseHeader, wrapAxiosWithPaymentFromConfig } from "@x402/axios";
import { ExactEvmScheme } from "@x402/evm";
import axios from "axios";
import { privateKeyToAccount } from "viem/accounts";

const { SERVICE, VIDEO_URL, WALLET_KEY } = process.env;
const client = new ExactEvmScheme(privateKeyToAccount(WALLET_KEY));
const paying = wrapAxiosWithPaymentFromConfig(axios.create(), { schemes: [{ network: "eip155:*", client }] });
const answer = await paying.post(`${SERVICE}/api/tools/video-face-liveness-detection`, { VideoUrl: VIDEO_URL });
const settled = decodePaymentResponseHeader(answer.headers["payment-response"]);
if (!settled.success) throw new Error(JSON.stringify(settled));
console.log(JSON.stringify({ verdict: answer.data.data.Liveness.verdict }));
