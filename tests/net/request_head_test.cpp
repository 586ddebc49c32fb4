// The policy on raw heads.
