//! The type of a value. Follows org.apache.cassandra.db.marshal.AbstractType and its subclasses.

use std::sync::Arc;

/// A CQL type, or one of the older types that only Java class names can name.
///
/// `multi_cell` is true for a non-frozen collection or user type of a regular or static column: each element
/// is a cell of its own with a path. A type inside another one is never multi-cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// 7-bit text (AsciiType).
    Ascii,
    /// 8 bytes, big-endian (LongType).
    BigInt,
    /// Any bytes (BytesType).
    Blob,
    /// A byte, 0 for false (BooleanType).
    Boolean,
    /// 8 bytes of a client; in a cell the context with all shards (CounterColumnType).
    Counter,
    /// Days since 1970-01-01 plus 2^31, unsigned (SimpleDateType).
    Date,
    /// 4 bytes of scale and a two's complement number of any length (DecimalType).
    Decimal,
    /// IEEE 754, 8 bytes (DoubleType).
    Double,
    /// Months, days and nanoseconds as signed vints (DurationType).
    Duration,
    /// EmptyType: values have no bytes.
    Empty,
    /// IEEE 754, 4 bytes (FloatType).
    Float,
    /// 4 or 16 bytes in network order (InetAddressType).
    Inet,
    /// 4 bytes, big-endian (Int32Type).
    Int,
    /// 2 bytes, big-endian (ShortType).
    SmallInt,
    /// UTF-8 (UTF8Type); varchar is the same.
    Text,
    /// Nanoseconds since midnight (TimeType).
    Time,
    /// Milliseconds since the epoch (TimestampType).
    Timestamp,
    /// A UUID of version 1, ordered by its time (TimeUUIDType).
    TimeUuid,
    /// A byte (ByteType).
    TinyInt,
    /// A UUID of any version, ordered by version first (UUIDType).
    Uuid,
    /// A two's complement number of any length, big-endian (IntegerType).
    Varint,
    /// In the order in which it was written (ListType); a cell's path is a time UUID.
    List {
        /// Of each element.
        element: Box<Type>,
        /// Each element is a cell of its own.
        multi_cell: bool,
    },
    /// Ordered by element (SetType); a cell's path is the element, its value empty.
    Set {
        /// Of each element.
        element: Box<Type>,
        /// Each element is a cell of its own.
        multi_cell: bool,
    },
    /// Ordered by key (MapType); a cell's path is the key.
    Map {
        /// Of each key.
        key: Box<Type>,
        /// Of each value.
        value: Box<Type>,
        /// Each entry is a cell of its own.
        multi_cell: bool,
    },
    /// Fields by their places, each of which may be null or missing at the end (TupleType).
    Tuple(Vec<Type>),
    /// Fields by name (UserType); where it is multi-cell, a cell's path is the field's number in 2 bytes.
    User(Arc<UserType>),
    /// So many values, none of them null (VectorType).
    Vector {
        /// Of each value.
        element: Box<Type>,
        /// How many values: at least one.
        dimension: u16,
    },
    /// CompositeType: the bytes of a partition key of several columns.
    Composite(Vec<Type>),
    /// DateType: milliseconds like a timestamp, but ordered as unsigned bytes.
    LegacyTimestamp,
    /// A UUID ordered by its bytes (LexicalUUIDType).
    LexicalUuid,
    /// A time UUID of a version that was not checked (LegacyTimeUUIDType).
    LegacyTimeUuid,
    /// DynamicCompositeType, PartitionerDefinedOrder or a class of the user's: shown as bytes. The full Java name.
    Custom(String),
}

/// A user-defined type (UserType).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserType {
    /// The keyspace that it is of.
    pub keyspace: String,
    /// Its name, without quotes.
    pub name: String,
    /// Name and type of each field, in the order in which they are serialized.
    pub fields: Vec<(String, Type)>,
    /// Not frozen: each field is a cell of its own.
    pub multi_cell: bool,
}

impl Type {
    /// Length of every non-empty value of a type whose values are written without their length
    /// (AbstractType.valueLengthIfFixed). The short types date, time, smallint and tinyint are not among them.
    pub fn fixed_length(&self) -> Option<usize> {
        match self {
            Type::Empty => Some(0),
            Type::Boolean => Some(1),
            Type::Int | Type::Float => Some(4),
            Type::BigInt | Type::Double | Type::Timestamp | Type::LegacyTimestamp => Some(8),
            Type::Uuid | Type::TimeUuid | Type::LexicalUuid | Type::LegacyTimeUuid => Some(16),
            Type::Vector { element, dimension } => Some(element.fixed_length()? * usize::from(*dimension)),
            _ => None,
        }
    }

    /// Whether a column of this type is complex: one cell an element, each with a path.
    pub fn is_multi_cell(&self) -> bool {
        match self {
            Type::List { multi_cell, .. } | Type::Set { multi_cell, .. } | Type::Map { multi_cell, .. } => *multi_cell,
            Type::User(user) => user.multi_cell,
            _ => false,
        }
    }

    /// Type of the cell paths of a multi-cell column; `None` for others. A user type's path is the field's
    /// position as a smallint, a list's a time UUID.
    pub fn path_type(&self) -> Option<&Type> {
        if !self.is_multi_cell() {
            return None;
        }
        match self {
            Type::List { .. } => Some(&Type::TimeUuid),
            Type::Set { element, .. } => Some(element),
            Type::Map { key, .. } => Some(key),
            Type::User(_) => Some(&Type::SmallInt),
            _ => None,
        }
    }

    /// Type of the cells' values: of a multi-cell list its elements', of a map its values', of a set the empty
    /// type; otherwise the type itself. The cells of a user type have the type of the field in their path.
    pub fn cell_value_type(&self) -> &Type {
        if !self.is_multi_cell() {
            return self;
        }
        match self {
            Type::List { element, .. } => element,
            Type::Set { .. } => &Type::Empty,
            Type::Map { value, .. } => value,
            _ => self,
        }
    }

    /// The same type frozen: a single value with all its elements.
    #[must_use]
    pub fn freeze(&self) -> Type {
        match self {
            Type::List { element, .. } => Type::List { element: element.clone(), multi_cell: false },
            Type::Set { element, .. } => Type::Set { element: element.clone(), multi_cell: false },
            Type::Map { key, value, .. } => Type::Map { key: key.clone(), value: value.clone(), multi_cell: false },
            Type::User(user) if user.multi_cell => {
                Type::User(Arc::new(UserType { multi_cell: false, ..(**user).clone() }))
            }
            other => other.clone(),
        }
    }
}
