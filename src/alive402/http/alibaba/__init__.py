"""The API of Alibaba Cloud's SDKs: RPC, signatures, errors, object upload."""
