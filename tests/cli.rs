//! The command as its users see it: one document a story in `tests/cmd`.

mod common;

#[test]
fn stories() {
    common::settle_modes();
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
