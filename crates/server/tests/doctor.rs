//! The doctor beside a server that runs: what that server holds is no illness.

use crate::support;

use support::TestServer;

#[tokio::test]
async fn should_find_nothing_wrong_beside_its_own_running_server() {
    let server = TestServer::start();
    let port = server.api.address.rsplit(':').next().expect("a port");
    let output = server.command().args(["doctor", "--port", port]).output().expect("it runs");
    let findings = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{findings}{}", String::from_utf8_lossy(&output.stderr));
    assert!(findings.contains("an Owl Post server runs there"), "{findings}");
}
