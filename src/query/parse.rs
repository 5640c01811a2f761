//! The grammar of SELECT. Follows `selectStatement` of Cassandra's Parser.g.

use super::ast::{Operator, Ordering, Relation, Select, Selector, TermKind};
use super::parse_term::{self, term};
use crate::cql::lexer::TokenKind;
use crate::cql::tokens::Tokens;
use crate::error::Result;

/// Longer statements are refused.
const MAX_LENGTH: usize = 1 << 20;

pub(super) fn parse(text: &str) -> Result<Select> {
    if text.len() > MAX_LENGTH {
        return Err(crate::Error::invalid(format!("the statement is longer than {MAX_LENGTH} bytes")));
    }
    let mut tokens = Tokens::new(text)?;
    let tokens = &mut tokens;
    if !tokens.keyword("SELECT") {
        return Err(tokens.expected("SELECT, the only statement that is answered"));
    }
    // JSON and DISTINCT can be names of columns, too; a bracket behind them begins a list.
    let is_name = |tokens: &Tokens<'_>| {
        [",", "."].iter().any(|s| tokens.is_symbol(1, s)) || tokens.is_keyword(1, "FROM") || tokens.is_keyword(1, "AS")
    };
    let json = tokens.is_keyword(0, "JSON") && !is_name(tokens) && tokens.keyword("JSON");
    let distinct = tokens.is_keyword(0, "DISTINCT") && !is_name(tokens) && tokens.keyword("DISTINCT");
    let selectors = if tokens.symbol("*") { Vec::new() } else { selectors(tokens)? };
    if !tokens.keyword("FROM") {
        return Err(tokens.expected("',' or FROM"));
    }
    let at = tokens.peek();
    let (keyspace, table) = tokens.qualified_name("the name of a table")?;
    let mut select = Select {
        keyspace,
        table,
        at,
        json,
        distinct,
        selectors,
        relations: Vec::new(),
        group_by: Vec::new(),
        order_by: Vec::new(),
        limit: None,
        per_partition_limit: None,
    };
    if tokens.keyword("WHERE") {
        relation(tokens, &mut select.relations, 0)?;
        while tokens.keyword("AND") {
            relation(tokens, &mut select.relations, 0)?;
        }
    }
    clauses(tokens, &mut select)?;
    while tokens.symbol(";") {}
    if !tokens.is_at_end() {
        return Err(tokens.expected(match select.relations.is_empty() {
            true => "WHERE, GROUP BY, ORDER BY, LIMIT or the end of the statement",
            false => "AND, GROUP BY, ORDER BY, LIMIT or the end of the statement",
        }));
    }
    Ok(select)
}

fn selectors(tokens: &mut Tokens<'_>) -> Result<Vec<Selector>> {
    let mut selectors = Vec::new();
    loop {
        let term = term(tokens)?;
        let alias = match tokens.keyword("AS") {
            true if parse_term::is_duration(tokens) => return Err(tokens.expected("an alias")),
            true => Some(tokens.name("an alias")?),
            false => None,
        };
        selectors.push(Selector { term, alias });
        if !tokens.symbol(",") {
            return Ok(selectors);
        }
    }
}

/// What follows WHERE.
fn clauses(tokens: &mut Tokens<'_>, select: &mut Select) -> Result<()> {
    if tokens.keywords(&["GROUP", "BY"]) {
        loop {
            select.group_by.push(parse_term::operand(tokens)?);
            if !tokens.symbol(",") {
                break;
            }
        }
    }
    if tokens.keywords(&["ORDER", "BY"]) {
        loop {
            let at = tokens.peek();
            let column = tokens.name("a column")?;
            let descending = !tokens.keyword("ASC") && tokens.keyword("DESC");
            select.order_by.push(Ordering { column, at, descending });
            if !tokens.symbol(",") {
                break;
            }
        }
    }
    if tokens.keywords(&["PER", "PARTITION", "LIMIT"]) {
        select.per_partition_limit = Some(count(tokens)?);
    }
    if tokens.keyword("LIMIT") {
        select.limit = Some(count(tokens)?);
    }
    tokens.keywords(&["ALLOW", "FILTERING"]);
    Ok(())
}

fn count(tokens: &mut Tokens<'_>) -> Result<u64> {
    let token = tokens.peek();
    let number = tokens.source(token).parse::<u64>().ok().filter(|n| (1..=i32::MAX as u64).contains(n));
    match number {
        Some(number) if token.kind == TokenKind::Integer => {
            tokens.advance();
            Ok(number)
        }
        _ => Err(tokens.expected("a number of rows from 1 to 2147483647")),
    }
}

fn relation(tokens: &mut Tokens<'_>, relations: &mut Vec<Relation>, depth: usize) -> Result<()> {
    if depth > parse_term::MAX_DEPTH {
        return Err(tokens.error(tokens.peek(), "nested too deeply"));
    }
    // Parentheses may stand around relations, and begin a tuple of columns.
    if tokens.is_symbol(0, "(") && !parse_term::is_column_tuple(tokens) {
        tokens.advance();
        relation(tokens, relations, depth + 1)?;
        while tokens.keyword("AND") {
            relation(tokens, relations, depth + 1)?;
        }
        return tokens.expect_symbol(")");
    }
    let left = parse_term::operand(tokens)?;
    let operator = operator(tokens)?;
    let right = match operator {
        Operator::IsNotNull => Vec::new(),
        Operator::In if tokens.symbol("(") => {
            if tokens.symbol(")") {
                Vec::new()
            } else {
                tokens.list(")", term)?
            }
        }
        Operator::In => return Err(tokens.expected("'(' and the values of IN")),
        _ => vec![term(tokens)?],
    };
    if matches!(
        (&left.kind, operator),
        (TermKind::Tuple(_), Operator::Contains | Operator::ContainsKey | Operator::Like)
    ) {
        return Err(tokens.error(left.at, "several columns at once can be compared or be IN a list, nothing else"));
    }
    relations.push(Relation { left, operator, right });
    Ok(())
}

fn operator(tokens: &mut Tokens<'_>) -> Result<Operator> {
    const SYMBOLS: [(&str, Operator); 7] = [
        ("=", Operator::Eq),
        ("!=", Operator::NotEq),
        ("<>", Operator::NotEq),
        ("<=", Operator::LessEq),
        ("<", Operator::Less),
        (">=", Operator::GreaterEq),
        (">", Operator::Greater),
    ];
    if let Some((_, operator)) = SYMBOLS.iter().find(|(symbol, _)| tokens.symbol(symbol)) {
        return Ok(*operator);
    }
    if tokens.keyword("IN") {
        return Ok(Operator::In);
    }
    if tokens.keyword("CONTAINS") {
        return Ok(if tokens.keyword("KEY") { Operator::ContainsKey } else { Operator::Contains });
    }
    if tokens.keyword("LIKE") {
        return Ok(Operator::Like);
    }
    if tokens.keywords(&["IS", "NOT", "NULL"]) {
        return Ok(Operator::IsNotNull);
    }
    Err(tokens.expected("=, !=, <, <=, >, >=, IN, CONTAINS, CONTAINS KEY or LIKE"))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_minus_before_a_digit_is_its_sign() {
        parse("SELECT a - 1 FROM t WHERE b = -1 - 2").unwrap();
        parse("SELECT a FROM t WHERE b = -1 -2").unwrap_err();
        parse("SELECT a -1 FROM t").unwrap_err();
    }

    #[test]
    fn a_text_in_parentheses_before_a_clause_is_no_cast() {
        let select = parse("SELECT * FROM t WHERE (a) < ('x') LIMIT 3").unwrap();
        assert_eq!(select.limit, Some(3));
        parse("SELECT * FROM t WHERE (a) < ('x') GROUP BY a").unwrap();
    }

    #[test]
    fn a_duration_is_no_alias() {
        parse("SELECT a AS P1Y FROM t").unwrap_err();
        parse("SELECT a AS \"P1Y\" FROM t").unwrap();
    }

    #[test]
    fn semicolons_may_end_it() {
        parse("SELECT a FROM t;;").unwrap();
        parse("SELECT a FROM t; SELECT").unwrap_err();
    }

    #[test]
    fn slices_have_an_end() {
        parse("SELECT a[1..], a[..2], a['x'..'y'] FROM t").unwrap();
        parse("SELECT a[..] FROM t").unwrap_err();
    }

    #[test]
    fn json_before_a_list_is_the_keyword() {
        assert!(parse("SELECT JSON [a] FROM t").unwrap().json);
        assert!(!parse("SELECT json, a FROM t").unwrap().json);
        assert!(!parse("SELECT json FROM t").unwrap().json);
    }
}
