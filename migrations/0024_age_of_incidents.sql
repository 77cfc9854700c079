-- Where in the table incidents of some age are: ids are drawn in the order of time, and rows lie nearly so. A search for what
-- was frequent once reads the newest of what it finds with it, not all of that (`incident_list/search/places.rs`). It is a
-- page or two long; what is behind its end counts as of any age until the next vacuum.
create index incidents_age on incidents using brin (id) with (pages_per_range = 64);
