package masking

// KeySource says where the master key is; exactly one field is set.
type KeySource struct {
	File    string
	Env     string
	Command []string
}
