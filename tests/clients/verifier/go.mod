module verifier

go 1.26.0
