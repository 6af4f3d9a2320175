// Pays by MPP's `Payment` scheme, by mppx.
import { Receipt } from "mppx";
import { evm, Mppx } from "mppx/client";
import { privateKeyToAccount } from "viem/accounts";

const { SERVICE, VIDEO_URL, WALLET_KEY } = process.env;
const charge = evm.charge({
  account: privateKeyToAccount(WALLET_KEY),
  currencies: ["0x036CbD53842c5426634e7929541eC2318f3dCF7e"],
  networks: [84532],
  authorization: { name: "USDC", version: "2" },
});
const client = Mppx.create({ methods: [charge], polyfill: false });
const headers = { "Content-Type": "application/json" };
const body = JSON.stringify({ VideoUrl: VIDEO_URL });
const url = `${SERVICE}/api/tools/video-face-liveness-detection`;
const answer = await client.fetch(url, { method: "POST", headers, body });
// Without this header it has paid by x402, which it can do too.
const receipt = Receipt.deserialize(answer.headers.get("Payment-Receipt"));
if (!receipt.reference) throw new Error(JSON.stringify(receipt));
console.log(JSON.stringify({ verdict: (await answer.json()).data.Liveness.verdict }));
