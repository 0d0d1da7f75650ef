"""From IR to native code: the LLVM lowering, the JIT, object files, linking, and the commands."""
