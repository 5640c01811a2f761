//! A path below `where` as the SELECT that it stands for.
//!
//! Values are CQL literals, or plain text where the column's type says how to read it: the literal of such a text is put
//! into quotes. What is taken over as it is consists of whole tokens of one value, so that it can't be more than that.

use sstablefs::cql::lexer::TokenKind;
use sstablefs::cql::tokens::Tokens;
use sstablefs::cql::{Type, names};
use sstablefs::schema::{Column, Table};
use sstablefs::{Error, Result};

use crate::path::{Operator, Step, Steps, is_blank};

/// What stands between SELECT and the table, and behind the predicates.
#[derive(Default)]
struct Options {
    select: Option<String>,
    distinct: bool,
    group: Option<String>,
    order: Option<String>,
    per_partition: Option<String>,
    limit: Option<String>,
}

/// The statement; an error says which component is wrong. `to_count`: only the number of its rows matters.
pub(super) fn statement(table: &Table, steps: &Steps, to_count: bool) -> Result<String> {
    let (mut relations, mut options) = (Vec::new(), Options::default());
    for step in steps.steps() {
        match step {
            Step::Predicate { left, operator, right } => relations.push(
                relation(table, left, *operator, right)
                    .map_err(|e| Error::invalid(format!("{left} {} {right}: {}", operator.cql(), e.message())))?,
            ),
            Step::Option { name, value } => options
                .set(table, name, value.as_deref())
                .map_err(|e| Error::invalid(format!("@{name}: {}", e.message())))?,
        }
    }
    let mut out = String::from(if options.distinct { "SELECT DISTINCT " } else { "SELECT " });
    out += &match (options.select, table.partition_key.first()) {
        (Some(select), _) => select,
        (None, Some(key)) if to_count && !options.distinct => names::identifier(&key.name).into_owned(),
        (None, _) => "*".to_owned(),
    };
    out += &format!(" FROM {}.{}", names::identifier(&table.keyspace), names::identifier(&table.name));
    let mut clause = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            out += &format!(" {name} {text}");
        }
    };
    clause("WHERE", (!relations.is_empty()).then(|| relations.join(" AND ")).as_deref());
    clause("GROUP BY", options.group.as_deref());
    clause("ORDER BY", options.order.as_deref());
    clause("PER PARTITION LIMIT", options.per_partition.as_deref());
    clause("LIMIT", options.limit.as_deref());
    Ok(out)
}

impl Options {
    fn set(&mut self, table: &Table, name: &str, value: Option<&str>) -> Result<()> {
        if name == "distinct" {
            return match (value, std::mem::replace(&mut self.distinct, true)) {
                (None, false) => Ok(()),
                (None, true) => Err(Error::invalid("is there twice")),
                (Some(_), _) => Err(Error::invalid("takes no value; @select says which columns")),
            };
        }
        let at = match name {
            "select" => &mut self.select,
            "group" => &mut self.group,
            "order" => &mut self.order,
            "per-partition" => &mut self.per_partition,
            "limit" => &mut self.limit,
            _ => {
                return Err(Error::invalid(
                    "there is no such option; there are @select=, @distinct, @group=, @order=, @per-partition= and @limit=",
                ));
            }
        };
        let value = value.ok_or_else(|| Error::invalid(format!("needs a value: @{name}=…")))?;
        let words: &[&str] = if name == "order" { &["asc", "desc"] } else { &["token", "null", "nan", "infinity"] };
        let text = whole(value, words, |word| exact_column(table, word))?;
        if at.replace(text).is_some() {
            return Err(Error::invalid("is there twice"));
        }
        Ok(())
    }
}

/// A column that has this very name, as CQL writes it.
fn exact_column(table: &Table, name: &str) -> Option<String> {
    table.column(name).map(|c| names::identifier(&c.name).into_owned())
}

/// The name of a column as CQL writes it, and the column when there is one. Without quotes it is in lower case, unless the
/// table has one of just this name.
fn column<'t>(table: &'t Table, text: &str) -> (String, Option<&'t Column>) {
    let text = text.trim_matches(is_blank);
    let inner = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).filter(|_| text.len() > 2);
    let name = match inner {
        Some(inner) => inner.replace("\"\"", "\""),
        None if table.column(text).is_some() => text.to_owned(),
        None => text.to_lowercase(),
    };
    (names::identifier(&name).into_owned(), table.column(&name))
}

fn relation(table: &Table, left: &str, operator: Operator, right: &str) -> Result<String> {
    let in_brackets = |text: &str, open, close| -> Option<Vec<String>> {
        let inner = text.trim_matches(is_blank).strip_prefix(open)?.strip_suffix(close)?;
        Some(parts(inner).into_iter().map(str::to_owned).collect())
    };
    let list = |values: Vec<String>| format!("({})", values.join(", "));
    if let Some(columns) = in_brackets(left, '(', ')') {
        let columns: Vec<_> = columns.iter().map(|c| column(table, c)).collect();
        let tuple = |text: &str| {
            let values = in_brackets(text, '(', ')').ok_or_else(|| Error::invalid("expected values in parentheses"))?;
            let types = columns.iter().map(|(_, c)| c.map(|c| &c.ty)).chain(std::iter::repeat(None));
            values.iter().zip(types).map(|(v, ty)| value(ty, v)).collect::<Result<Vec<_>>>().map(list)
        };
        let right = match operator {
            Operator::In => {
                let tuples =
                    in_brackets(right, '(', ')').ok_or_else(|| Error::invalid("expected a list in parentheses"))?;
                list(tuples.iter().map(|t| tuple(t)).collect::<Result<_>>()?)
            }
            _ => tuple(right)?,
        };
        let names = list(columns.into_iter().map(|(name, _)| name).collect());
        return Ok(format!("{names} {} {right}", operator.cql()));
    }
    if let Some(columns) =
        left.get(..5).filter(|t| t.eq_ignore_ascii_case("token")).map(|_| left[5..].trim_start_matches(is_blank))
        && let Some(columns) = in_brackets(columns, '(', ')')
    {
        let names = list(columns.iter().map(|c| column(table, c).0).collect());
        return Ok(format!("token{names} {} {}", operator.cql(), value(None, right)?));
    }
    let (name, ty) = match left.find('[').filter(|_| !left.starts_with('"') && left.ends_with(']')) {
        Some(open) => {
            let (name, column) = column(table, &left[..open]);
            let (key, element) = match column.map(|c| &c.ty) {
                Some(Type::Map { key, value, .. }) => (Some(&**key), Some(&**value)),
                Some(Type::List { element, .. }) => (None, Some(&**element)),
                _ => (None, None),
            };
            (format!("{name}[{}]", value(key, &left[open + 1..left.len() - 1])?), element)
        }
        None => {
            let (name, column) = column(table, left);
            let ty = column.map(|c| &c.ty);
            let ty = match (operator, ty) {
                (Operator::Contains, Some(Type::List { element, .. } | Type::Set { element, .. })) => Some(&**element),
                (Operator::Contains, Some(Type::Map { value, .. })) => Some(&**value),
                (Operator::ContainsKey, Some(Type::Map { key, .. })) => Some(&**key),
                (Operator::Like, _) => Some(&Type::Text),
                (_, ty) => ty,
            };
            (name, ty)
        }
    };
    let right = match operator {
        Operator::In => {
            let values =
                in_brackets(right, '(', ')').ok_or_else(|| Error::invalid("expected a list in parentheses"))?;
            list(values.iter().map(|v| value(ty, v)).collect::<Result<_>>()?)
        }
        _ => value(ty, right)?,
    };
    Ok(format!("{name} {} {right}", operator.cql()))
}

/// What stands between commas that are in no quotes and brackets. An apostrophe within a word is no quote.
fn parts(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut depth, mut quote) = (Vec::new(), 0, 0i32, None);
    let mut begins = true;
    for (at, c) in text.char_indices() {
        let was_begin = begins;
        begins = matches!(c, ',' | '(' | '[' | '{' | ':') || begins && c == ' ';
        match (quote, c) {
            (Some(q), _) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if was_begin => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(text[start..at].trim_matches(is_blank));
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    let last = text[start..].trim_matches(is_blank);
    if !last.is_empty() || !found.is_empty() {
        found.push(last);
    }
    found
}

/// A value of a type as CQL writes it.
fn value(ty: Option<&Type>, text: &str) -> Result<String> {
    let text = text.trim_matches(is_blank);
    let is_string =
        || Tokens::new(text).is_ok_and(|t| t.peek().kind == TokenKind::String && t.peek_at(1).kind == TokenKind::End);
    let is_integer = || !text.is_empty() && text.strip_prefix('-').unwrap_or(text).bytes().all(|b| b.is_ascii_digit());
    let plain = match ty {
        Some(Type::Text | Type::Ascii) => !is_string(),
        Some(Type::Inet | Type::Date | Type::Time | Type::Timestamp | Type::LegacyTimestamp) => {
            // A call of a function, or a sum that begins with a literal, is no plain text.
            !(text.starts_with('\'') || text.contains('(') || is_integer() || is_string())
        }
        _ => false,
    };
    if plain { Ok(names::string_literal(text)) } else { whole(text, &["null", "nan", "infinity", "token"], |_| None) }
}

/// The tokens of a text without comments, when they can't end what they stand in: brackets are in pairs, and no keyword
/// but `words` is among them. `replace` gives a word another form.
fn whole(text: &str, words: &[&str], replace: impl Fn(&str) -> Option<String>) -> Result<String> {
    let mut tokens = Tokens::new(text)?;
    let (mut out, mut open, mut end) = (String::new(), Vec::new(), 0);
    while !tokens.is_at_end() {
        let token = tokens.advance();
        let source = tokens.source(token);
        if !out.is_empty() && token.start > end {
            out.push(' ');
        }
        end = token.end;
        let is_call = tokens.is_symbol(0, "(");
        match (token.kind, source) {
            (TokenKind::Symbol, "(") => open.push(")"),
            (TokenKind::Symbol, "[") => open.push("]"),
            (TokenKind::Symbol, "{") => open.push("}"),
            (TokenKind::Symbol, ")" | "]" | "}") if open.pop() != Some(source) => {
                return Err(tokens.error(token, "this bracket was not opened"));
            }
            (TokenKind::Symbol, ";" | "?") => return Err(tokens.error(token, "this can't stand here")),
            (TokenKind::Word, _) if !words.iter().any(|w| w.eq_ignore_ascii_case(source)) => {
                if let Some(other) = replace(source).filter(|_| !is_call) {
                    out += &other;
                    continue;
                }
                if names::is_reserved(source) {
                    return Err(tokens.error(token, "this keyword can't stand here"));
                }
            }
            _ => {}
        }
        out += source;
    }
    match open.last() {
        Some(bracket) => Err(Error::invalid(format!("a '{bracket}' is missing"))),
        None if out.is_empty() => Err(Error::invalid("there is no value")),
        None => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sstablefs::schema::ColumnKind;

    fn table() -> Table {
        let mut table = Table::new("shop", "Orders");
        for (name, ty, kind) in [
            ("name", "text", ColumnKind::PartitionKey),
            ("day", "date", ColumnKind::PartitionKey),
            ("ts", "timestamp", ColumnKind::Clustering),
            ("n", "int", ColumnKind::Clustering),
            ("Mixed", "text", ColumnKind::Regular),
            ("order", "int", ColumnKind::Regular),
            ("ip", "inet", ColumnKind::Regular),
            ("id", "uuid", ColumnKind::Regular),
            ("tags", "set<text>", ColumnKind::Regular),
            ("m", "map<text, int>", ColumnKind::Regular),
            ("l", "list<text>", ColumnKind::Regular),
            ("at", "time", ColumnKind::Regular),
        ] {
            let column = Column::new(name, names::parse(ty, &|_| None).unwrap(), kind);
            match kind {
                ColumnKind::PartitionKey => table.partition_key.push(column),
                ColumnKind::Clustering => table.clustering.push(column),
                _ => table.regulars.push(column),
            }
        }
        table
    }

    /// `None`: a component is no step at all.
    fn of(path: &str) -> Option<Result<String>> {
        let steps = path.split('/').try_fold(Steps::default(), |steps, name| steps.and(name))?;
        Some(statement(&table(), &steps, false))
    }

    #[test]
    fn predicates_in_cql() {
        for (path, wanted) in [
            ("name=Ann", "name = 'Ann'"),
            ("name='Ann'", "name = 'Ann'"),
            ("name=it's", "name = 'it''s'"),
            ("name='tis", "name = '''tis'"),
            ("name=null", "name = 'null'"),
            ("name=", "name = ''"),
            ("name=\u{3000} ", "name = '\u{3000}'"),
            ("name=x' AND n=1", "name = 'x'' AND n=1'"),
            ("NAME=$$a'b$$", "name = $$a'b$$"),
            ("Mixed=x", "\"Mixed\" = 'x'"),
            ("mixed=1", "mixed = 1"),
            ("\"Mixed\"=x", "\"Mixed\" = 'x'"),
            ("order=5", "\"order\" = 5"),
            ("day=2024-01-01", "day = '2024-01-01'"),
            ("day=19000", "day = 19000"),
            ("at>12:00", "at > '12:00'"),
            ("ts>=2024-01-01 10:00+01:00", "ts >= '2024-01-01 10:00+01:00'"),
            ("ts<-5", "ts < -5"),
            ("ts<'2024-01-01' + 1d", "ts < '2024-01-01' + 1d"),
            ("ts<toTimestamp(now())", "ts < toTimestamp(now())"),
            ("ip=10.0.0.1", "ip = '10.0.0.1'"),
            ("ip=::1", "ip = '::1'"),
            ("id!=550e8400-e29b-41d4-a716-446655440000", "id != 550e8400-e29b-41d4-a716-446655440000"),
            ("n in (1, 2)", "n IN (1, 2)"),
            ("n in ()", "n IN ()"),
            ("name in (Ann,'B, C',it's)", "name IN ('Ann', 'B, C', 'it''s')"),
            ("tags contains a b", "tags CONTAINS 'a b'"),
            ("tags={'a', 'b'}", "tags = {'a', 'b'}"),
            ("m contains key k", "m CONTAINS KEY 'k'"),
            ("m contains 5", "m CONTAINS 5"),
            ("m[k]=5", "m['k'] = 5"),
            ("m['k]']=5", "m['k]'] = 5"),
            ("l[0]=x", "l[0] = 'x'"),
            ("name like A%", "name LIKE 'A%'"),
            ("(ts,n)>(2024-01-01,-1)", "(ts, n) > ('2024-01-01', -1)"),
            ("(ts, n) in ((1,2),(3,4))", "(ts, n) IN ((1, 2), (3, 4))"),
            ("token(name,day)>-5", "token(name, day) > -5"),
            ("token(name, day)<=token('a','2024-01-01')", "token(name, day) <= token('a','2024-01-01')"),
            ("n=1 %2F* so *%2F + 2 -- or so", "n = 1 + 2"),
        ] {
            let statement = of(path).unwrap().unwrap();
            assert_eq!(statement, format!("SELECT * FROM shop.\"Orders\" WHERE {wanted}"), "{path}");
        }
    }

    #[test]
    fn options_in_cql() {
        let statement = of("@limit=3/@order=ts desc,n DESC/n=1/@select=Mixed,count(*) as c/@per-partition=2/ts=1");
        assert_eq!(
            statement.unwrap().unwrap(),
            "SELECT \"Mixed\",count(*) as c FROM shop.\"Orders\" WHERE n = 1 AND ts = 1 ORDER BY ts desc,n DESC \
             PER PARTITION LIMIT 2 LIMIT 3"
        );
        assert_eq!(
            of("@distinct/@select=name,day,writetime(order)/@group=name").unwrap().unwrap(),
            "SELECT DISTINCT name,day,writetime(\"order\") FROM shop.\"Orders\" GROUP BY name"
        );
    }

    #[test]
    fn nothing_but_one_value_gets_through() {
        for path in [
            "n=1 AND ts=2",
            "n=1 and (ts=2)",
            "n=1 LIMIT 1",
            "n=1;",
            "n=(1",
            "n=1)",
            "n=",
            "n= -- no",
            "n in 1",
            "n=?",
            "n={)}",
            "@limit=1 ALLOW FILTERING",
            "@select=a FROM b",
            "@select=a,(b",
            "@nosuch=1",
            "@limit",
            "@distinct=1",
            "@distinct/@distinct",
            "@limit=1/@limit=2",
            "@order=n PER PARTITION LIMIT 1",
            "(ts,n)>5",
            "m[5=5",
        ] {
            let built = of(path);
            assert!(!matches!(built, Some(Ok(_))), "{path}: {built:?}");
        }
    }
}
