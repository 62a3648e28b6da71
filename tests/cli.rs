//! The command as its users see it: one document a story in `tests/cmd`.

#[test]
fn stories() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
