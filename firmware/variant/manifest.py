# What is frozen into the interpreter: asyncio (its Task and TaskQueue are C) and our program.
# Development puts a folder in front: MICROPYPATH=firmware:.frozen
include("$(MPY_DIR)/extmod/asyncio")
package("restante", base_path="..")
