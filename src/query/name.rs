//! The name of a result's column that has no alias. Follows `toString` of Selectable and its kinds.

use super::ast::{Operator, Relation, Term, TermKind};
use crate::cql::names;

pub(super) fn of(term: &Term) -> String {
    let list = |terms: &[Term]| terms.iter().map(of).collect::<Vec<_>>().join(", ");
    match &term.kind {
        TermKind::Null => "NULL".to_owned(),
        TermKind::Column(name) => name.clone(),
        TermKind::Literal(super::ast::Literal::Text, value) => names::string_literal(value),
        TermKind::Literal(_, value) => value.clone(),
        TermKind::List(items) => format!("[{}]", list(items)),
        TermKind::Set(items) => format!("{{{}}}", list(items)),
        TermKind::Map(entries) => {
            let entry = |(k, v): &(Term, Term)| format!("{}: {}", of(k), of(v));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        TermKind::Tuple(items) => format!("({})", list(items)),
        TermKind::CountRows => "count".to_owned(),
        TermKind::Call(name, arguments) => match name.as_str() {
            "writetime" | "ttl" | "maxwritetime" => format!("{name}({})", list(arguments)),
            _ => format!("system.{name}({})", list(arguments)),
        },
        TermKind::Cast(inner, ty) => format!("cast({} as {})", of(inner), names::cql_name(ty)),
        TermKind::Typed(ty, inner) => format!("({}){}", names::cql_name(ty), of(inner)),
        TermKind::Field(inner, field) => format!("{}.{field}", of(inner)),
        TermKind::Element(inner, key) => format!("{}[{}]", of(inner), of(key)),
        TermKind::Slice(inner, from, to) => {
            let end = |term: &Option<Box<Term>>| term.as_ref().map_or_else(String::new, |t| of(t));
            format!("{}[{}..{}]", of(inner), end(from), end(to))
        }
        TermKind::Arithmetic(operator, left, right) => {
            let part = |term: &Term| match term.kind {
                TermKind::Arithmetic(..) => format!("({})", of(term)),
                _ => of(term),
            };
            format!("{} {} {}", part(left), char::from(*operator), part(right))
        }
        TermKind::Negative(inner) => format!("-{}", of(inner)),
    }
}

/// A relation as it could be written.
pub(super) fn of_relation(relation: &Relation) -> String {
    let left = match &relation.left.kind {
        TermKind::Column(name) => names::identifier(name),
        _ => of(&relation.left).into(),
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
    let values = relation.right.iter().map(of).collect::<Vec<_>>().join(", ");
    if relation.operator == Operator::In {
        format!("{left} IN ({values})")
    } else {
        format!("{left} {operator} {values}")
    }
}
