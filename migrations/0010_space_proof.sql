-- A full disk refuses what makes a table larger, and takes what fits into pages that are there: a row that is written again
-- and again proves nothing then. Once a write was refused for want of space, nodes prove that there is some by giving this
-- table a new file, which they write and take back.
create table space_proofs (filler text);
alter table space_proofs alter column filler set storage external;
