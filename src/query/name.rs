//! The name of a result's column that has no alias. Follows `toString` of Selectable and its kinds.

use super::ast::{Operator, Relation, Term, TermKind};
use crate::cql::{Type, names};

/// A cast to the type that a value has anyway leaves no trace in the name.
pub(super) trait Casts {
    fn is_cast(&mut self, of: &Term, ty: &Type) -> bool;

    /// Names have texts as they are, quotes in them undoubled.
    fn text(&self, value: &str) -> String {
        format!("'{value}'")
    }
}

/// As written.
struct AllCasts;

impl Casts for AllCasts {
    fn is_cast(&mut self, _: &Term, _: &Type) -> bool {
        true
    }

    fn text(&self, value: &str) -> String {
        names::string_literal(value)
    }
}

pub(super) fn of(term: &Term, casts: &mut dyn Casts) -> String {
    let mut list = |terms: &[Term]| terms.iter().map(|term| of(term, casts)).collect::<Vec<_>>().join(", ");
    match &term.kind {
        TermKind::Null => "NULL".to_owned(),
        TermKind::Column(name) => name.clone(),
        TermKind::Literal(super::ast::Literal::Text, value) => casts.text(value),
        TermKind::Literal(_, value) => value.clone(),
        TermKind::List(items) => format!("[{}]", list(items)),
        TermKind::Set(items) => format!("{{{}}}", list(items)),
        TermKind::Map(entries) => {
            let entries = entries.iter().map(|(k, v)| format!("{}: {}", of(k, casts), of(v, casts)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        TermKind::Tuple(items) => format!("({})", list(items)),
        TermKind::CountRows => "count".to_owned(),
        TermKind::Call(name, arguments) => match name.as_str() {
            "writetime" | "ttl" | "maxwritetime" => format!("{name}({})", list(arguments)),
            _ => format!("system.{name}({})", list(arguments)),
        },
        TermKind::Cast(inner, ty) => {
            let name = of(inner, casts);
            if casts.is_cast(inner, ty) { format!("cast({name} as {})", names::cql_name(ty)) } else { name }
        }
        TermKind::Typed(ty, inner) => format!("({}){}", written_type(ty), of(inner, casts)),
        TermKind::Field(inner, field) => format!("{}.{field}", of(inner, casts)),
        TermKind::Element(inner, key) => format!("{}[{}]", of(inner, casts), of(key, casts)),
        TermKind::Slice(inner, from, to) => {
            let mut end = |term: &Option<Box<Term>>| term.as_ref().map_or_else(String::new, |t| of(t, casts));
            let (from, to) = (end(from), end(to));
            format!("{}[{from}..{to}]", of(inner, casts))
        }
        TermKind::Arithmetic(operator, left, right) => {
            format!("{} {} {}", of(left, casts), char::from(*operator), of(right, casts))
        }
        TermKind::Negative(inner) => format!("-{}", of(inner, casts)),
    }
}

/// A tuple is always frozen, and is not written so.
fn written_type(ty: &Type) -> String {
    let name = names::cql_name(ty);
    let tuple = matches!(ty, Type::Tuple(_)).then(|| name.strip_prefix("frozen<")?.strip_suffix('>'));
    tuple.flatten().map_or_else(|| name.clone(), str::to_owned)
}

/// A relation as it could be written.
pub(super) fn of_relation(relation: &Relation) -> String {
    let left = match &relation.left.kind {
        TermKind::Column(name) => names::identifier(name),
        _ => of(&relation.left, &mut AllCasts).into(),
    };
    let operator = match relation.operator {
        Operator::Eq => "=",
        Operator::NotEq => "!=",
        Operator::Less => "<",
        Operator::LessEq => "<=",
        Operator::Greater => ">",
        Operator::GreaterEq => ">=",
        Operator::In => "IN",
        Operator::Contains => "CONTAINS",
        Operator::ContainsKey => "CONTAINS KEY",
        Operator::Like => "LIKE",
        Operator::IsNotNull => return format!("{left} IS NOT NULL"),
    };
    let values = relation.right.iter().map(|term| of(term, &mut AllCasts)).collect::<Vec<_>>().join(", ");
    if relation.operator == Operator::In {
        format!("{left} IN ({values})")
    } else {
        format!("{left} {operator} {values}")
    }
}
