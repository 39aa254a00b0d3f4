package driver

import _ "embed"

// Schema is the JSON Schema (draft 2020-12) of the lines of the protocol. Answers are told apart by
// the command they answer: $defs/ok-COMMAND is what ok holds.
//
//go:embed schema.json
var Schema []byte
