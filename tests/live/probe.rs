//! `tktdump probe` against running servers: what it says is what they were set up to do.

mod mail;
mod nginx;
mod peers;
mod pools;
mod servers;
mod tool;

use crate::{failure::Failure, lab::Lab, report::Report};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    servers::cases(lab, report)?;
    nginx::cases(lab, report)?;
    pools::cases(lab, report)?;
    peers::cases(lab, report)?;
    mail::cases(lab, report)
}
