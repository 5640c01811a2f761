//! A SELECT as it is written: names and literals, before any schema is known.

use crate::cql::Type;
use crate::cql::lexer::Token;

#[derive(Debug, Clone)]
pub(super) struct Select {
    pub(super) keyspace: Option<String>,
    pub(super) table: String,
    /// Where the table's name stands.
    pub(super) at: Token,
    pub(super) json: bool,
    pub(super) distinct: bool,
    /// Empty for `*`.
    pub(super) selectors: Vec<Selector>,
    pub(super) relations: Vec<Relation>,
    /// Columns, and last a function of one.
    pub(super) group_by: Vec<Term>,
    pub(super) order_by: Vec<Ordering>,
    pub(super) limit: Option<u64>,
    pub(super) per_partition_limit: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct Selector {
    pub(super) term: Term,
    pub(super) alias: Option<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Ordering {
    pub(super) column: String,
    pub(super) at: Token,
    pub(super) descending: bool,
}

/// `left operator right`; for IN the right sides are those in its list.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) left: Term,
    pub(super) operator: Operator,
    pub(super) right: Vec<Term>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    In,
    Contains,
    ContainsKey,
    Like,
    IsNotNull,
}

/// A value, or what is to be worked out of columns and values.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) at: Token,
    pub(super) kind: TermKind,
}

#[derive(Debug, Clone)]
pub(super) enum TermKind {
    Null,
    Literal(Literal, String),
    /// `[…]`: a list or a vector.
    List(Vec<Term>),
    /// `{a, b}`; `{}` may be an empty map, too.
    Set(Vec<Term>),
    /// `{a: b}`: a map, or a user type whose field names are columns here.
    Map(Vec<(Term, Term)>),
    /// `(a, b)`; with one part only parentheses around it.
    Tuple(Vec<Term>),
    Column(String),
    CountRows,
    Call(String, Vec<Term>),
    Cast(Box<Term>, Type),
    /// `(int) 5`
    Typed(Type, Box<Term>),
    Field(Box<Term>, String),
    Element(Box<Term>, Box<Term>),
    /// `c[a..b]`; either end may be left out.
    Slice(Box<Term>, Option<Box<Term>>, Option<Box<Term>>),
    Arithmetic(u8, Box<Term>, Box<Term>),
    Negative(Box<Term>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    Text,
    Integer,
    Float,
    Boolean,
    Uuid,
    Blob,
    Duration,
}

impl Term {
    /// What stands in the parentheses around a single term.
    pub(super) fn bare(&self) -> &Term {
        match &self.kind {
            TermKind::Tuple(items) if items.len() == 1 => items[0].bare(),
            _ => self,
        }
    }
}
