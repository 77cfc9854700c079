-- Nodes that sign with different secrets refuse each other's tokens, and every reconnect to another node fails. They find
-- out here. The fingerprint is a signature of a fixed text: it tells no more about the secret than any token does.
alter table presence_nodes add column secret_fingerprint text;
