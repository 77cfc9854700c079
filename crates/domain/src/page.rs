//! Lists are read a page at a time.

use uuid::Uuid;

/// A page, in the order of its list.
#[derive(Debug, Clone)]
pub struct Page<T, C = Uuid> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next_before: Option<C>,
}

impl<T, C> Page<T, C> {
    /// Cuts a result that was asked for one row more than the page has.
    pub(crate) fn from_rows_with_one_more(
        mut rows: Vec<T>,
        limit: u32,
        id_of: impl Fn(&T) -> C,
    ) -> Self {
        let full = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let next_before = if full { rows.last().map(id_of) } else { None };
        Self { rows, next_before }
    }
}
