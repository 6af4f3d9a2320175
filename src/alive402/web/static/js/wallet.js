// EIP-1193 wallets: the browser's own, or on the dev chain a test wallet that the service keeps for this page.

import { ask, Problem, refusalOf } from "./problem.js";

const KEPT = "alive402 test wallet";
const REFUSED = 4001;
const UNKNOWN_CHAIN = 4902;
const PENDING = -32002;

export function injected() {
  return globalThis.ethereum ?? null;
}

// An EIP-1193 provider over the dev chain's API: the same requests as to any wallet, without cryptography here.
export function testWallet(root) {
  let wallet = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");

  async function open() {
    if (wallet) return wallet;
    const made = await ask(`${root}/devchain/wallets`, { method: "POST" });
    if (!made.response.ok) throw refusalOf(made);
    wallet = made.body;
    sessionStorage.setItem(KEPT, JSON.stringify(wallet));
    return wallet;
  }

  async function sign(typed) {
    const signed = await ask(`${root}/devchain/wallets/${wallet.handle}/sign`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(typed),
    });
    if (!signed.response.ok) {
      // The service has restarted and lost its old test money.
      if (signed.response.status === 404) forget();
      throw refusalOf(signed);
    }
    return signed.body.signature;
  }

  function forget() {
    wallet = null;
    sessionStorage.removeItem(KEPT);
  }

  return {
    forget,
    async request({ method, params }) {
      switch (method) {
        case "eth_requestAccounts":
          return [(await open()).address];
        case "eth_chainId":
          return `0x${Number((await open()).network.split(":")[1]).toString(16)}`;
        case "wallet_switchEthereumChain":
          return null;
        case "eth_signTypedData_v4":
          return sign(JSON.parse(params[1]));
        default:
          throw Object.assign(new Error(method), { code: 4200 });
      }
    },
  };
}

// The paying account, with the wallet switched to the required chain.
export async function connect(provider, chainId) {
  const [account] = await say(provider, "eth_requestAccounts");
  const wanted = `0x${chainId.toString(16)}`;
  if (Number(await say(provider, "eth_chainId")) !== chainId) {
    try {
      await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: wanted }] });
    } catch (error) {
      if (error?.code === PENDING) throw new Problem("wallet_busy");
      throw new Problem("wrong_network", { details: { unknown: error?.code === UNKNOWN_CHAIN } });
    }
    if (Number(await say(provider, "eth_chainId")) !== chainId) throw new Problem("wrong_network");
  }
  return account;
}

export async function signTyped(provider, account, typed) {
  return say(provider, "eth_signTypedData_v4", [account, JSON.stringify(typed)]);
}

async function say(provider, method, params = []) {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error?.code === REFUSED) throw new Problem("wallet_refused");
    if (error?.code === PENDING) throw new Problem("wallet_busy");
    throw new Problem("wallet_failed", { message: error?.message });
  }
}
