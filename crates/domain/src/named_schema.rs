//! Schemas by the names that others refer to them by.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Ref, RefOr, Schema},
};

/// Schemas with the names they are referred to by. A name may be in it more than once, with the same schema.
pub type NamedSchemas = Vec<(String, RefOr<Schema>)>;

/// A reference to the schema of `T`, which is added to `found` with everything it refers to itself.
pub(crate) fn refer_to_named_schema<T: ToSchema + PartialSchema>(found: &mut NamedSchemas) -> Ref {
    T::schemas(found);
    found.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name())
}
