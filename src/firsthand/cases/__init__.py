"""Cases of known failures, made from human data: pools of it, and hands dealt from them."""
