# Deploys smart wallets on the dev chain, each at an address that its owner and a salt determine beforehand.
# pragma version 0.4.3
interface Wallet:
    def setup(owner: address): nonpayable

# Where the dev chain places `wallet.vy`; each wallet is a minimal proxy (ERC-1167) of it.
TEMPLATE: constant(address) = 0x1271000000000000000000000000000000001271


# A wallet that exists already stays as it is: two payments of a new wallet may both come with its deployment.
@external
def deploy(owner: address, salt: bytes32) -> address:
    wallet: address = self._address_of(owner, salt)
    if not wallet.is_contract:
        assert create_minimal_proxy_to(TEMPLATE, salt=self._salt(owner, salt)) == wallet
        extcall Wallet(wallet).setup(owner)
    return wallet


@view
@external
def address_of(owner: address, salt: bytes32) -> address:
    return self._address_of(owner, salt)


# The owner is part of it: nobody else can deploy a wallet of his own at this address.
@pure
@internal
def _salt(owner: address, salt: bytes32) -> bytes32:
    return keccak256(abi_encode(owner, salt))


@view
@internal
def _address_of(owner: address, salt: bytes32) -> address:
    code: bytes32 = keccak256(
        concat(
            x"602d3d8160093d39f3363d3d373d3d3d363d73",
            convert(TEMPLATE, bytes20),
            x"5af43d82803e903d91602b57fd5bf3",
        )
    )
    found: bytes32 = keccak256(concat(x"ff", convert(self, bytes20), self._salt(owner, salt), code))
    return convert(convert(found, uint256) & (2**160 - 1), address)
