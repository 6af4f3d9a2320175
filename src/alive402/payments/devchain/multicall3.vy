# The part of Multicall3 that x402's facilitator uses: several calls in one, of which each may fail alone.
# pragma version 0.4.3
struct Call:
    target: address
    callData: Bytes[8192]

struct Result:
    success: bool
    returnData: Bytes[1024]


@payable
@external
def tryAggregate(requireSuccess: bool, calls: DynArray[Call, 8]) -> DynArray[Result, 8]:
    results: DynArray[Result, 8] = []
    for each: Call in calls:
        # Precompiled contracts run longer than their gas suggests; the RPC refuses calls of them, and so must this.
        assert convert(convert(each.target, bytes20), uint160) >= 2**16, "Multicall3: precompiled contract"
        done: bool = False
        data: Bytes[1024] = b""
        done, data = raw_call(each.target, each.callData, max_outsize=1024, revert_on_failure=False)
        assert done or not requireSuccess, "Multicall3: call failed"
        results.append(Result(success=done, returnData=data))
    return results
