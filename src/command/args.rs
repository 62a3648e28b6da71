//! Arguments: what several subcommands share. What one subcommand takes is beside its `run`.

pub(super) mod shared;
