//! The components of a path below `where`, each a predicate or an option.
//!
//! ```text
//!   COLUMN=V  !=  <  <=  >  >=      COLUMN in (V,V)   COLUMN contains V   COLUMN contains key V   COLUMN like V
//!   (A,B)>(V,W)   token(A)>V   MAP[K]=V                                      left, operator, right
//!   @limit=3   @distinct                                                     name, value
//! ```
//! Whether there is such a column, and which values it takes, is for the tree to say.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{is_blank, percent};

/// Deeper paths do not exist, so that what is kept of one is bounded.
const MAX_STEPS: usize = 64;

/// One component of a path below `where`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `COL=V` and the like.
    Predicate {
        /// A column, or what CQL allows in its place.
        left: String,
        /// How it compares.
        operator: Operator,
        /// A CQL literal, or plain text.
        right: String,
    },
    /// `@NAME` or `@NAME=VALUE`.
    Option {
        /// Without the `@`.
        name: String,
        /// What follows the `=`.
        value: Option<String>,
    },
}

/// How a predicate compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Eq,
    /// `!=`
    NotEq,
    /// `<`
    Less,
    /// `<=`
    LessEq,
    /// `>`
    Greater,
    /// `>=`
    GreaterEq,
    /// `in`
    In,
    /// `contains`
    Contains,
    /// `contains key`
    ContainsKey,
    /// `like`
    Like,
}

impl Operator {
    /// As CQL writes it.
    pub fn cql(self) -> &'static str {
        match self {
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
        }
    }

    /// The operator that a text begins with, and its length.
    fn at_start(text: &str) -> Option<(Operator, usize)> {
        const SYMBOLS: [(&str, Operator); 7] = [
            ("!=", Operator::NotEq),
            ("<>", Operator::NotEq),
            ("<=", Operator::LessEq),
            (">=", Operator::GreaterEq),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("=", Operator::Eq),
        ];
        if let Some((symbol, operator)) = SYMBOLS.iter().find(|(symbol, _)| text.starts_with(symbol)) {
            return Some((*operator, symbol.len()));
        }
        // Words stand between blanks.
        let words = text.trim_start_matches(is_blank);
        let blank = text.len() - words.len();
        let word = |text: &str, word: &str| {
            let start = text.get(..word.len())?;
            let ends = text[word.len()..].starts_with(|c: char| is_blank(c) || c == '(' || c == '\'');
            (start.eq_ignore_ascii_case(word) && ends).then_some(word.len())
        };
        if blank == 0 {
            return None;
        }
        if let Some(length) = word(words, "in") {
            return Some((Operator::In, blank + length));
        }
        if let Some(length) = word(words, "like") {
            return Some((Operator::Like, blank + length));
        }
        let length = word(words, "contains")?;
        let rest = words[length..].trim_start_matches(is_blank);
        match word(rest, "key") {
            Some(key) => Some((Operator::ContainsKey, text.len() - rest.len() + key)),
            None => Some((Operator::Contains, blank + length)),
        }
    }
}

impl Step {
    /// `None` for what is neither a predicate nor an option, whatever the table.
    pub fn parse(name: &str) -> Option<Step> {
        let text = percent::decode(name)?;
        if let Some(option) = text.strip_prefix('@') {
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.trim_matches(is_blank).to_owned())),
                None => (option, None),
            };
            let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
            return is_name.then(|| Step::Option { name: name.to_owned(), value });
        }
        let mut quote = None;
        let mut depth = 0u32;
        for (at, c) in text.char_indices() {
            match (quote, c) {
                (Some(q), _) if c == q => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '(' | '[') => depth += 1,
                (None, ')' | ']') => depth = depth.checked_sub(1)?,
                (None, _) if depth > 0 => {}
                (None, _) => {
                    let Some((operator, length)) = Operator::at_start(&text[at..]) else { continue };
                    let (left, right) = (text[..at].trim_matches(is_blank), text[at + length..].trim_matches(is_blank));
                    let step = Step::Predicate { left: left.to_owned(), operator, right: right.to_owned() };
                    return (!left.is_empty()).then_some(step);
                }
            }
        }
        None
    }
}

/// A path below `where`. Those below one share what they have in common.
#[derive(Debug, Clone, Default)]
pub struct Steps(Option<Arc<Node>>);

#[derive(Debug)]
struct Node {
    before: Steps,
    count: usize,
    /// Of all names up to this one.
    bytes: usize,
    /// As it is in the path.
    name: Box<str>,
    step: Step,
}

impl Steps {
    /// With one more component; `None` when that can be none.
    pub fn and(&self, name: &str) -> Option<Steps> {
        let step = Step::parse(name).filter(|_| self.len() < MAX_STEPS)?;
        let (count, bytes) = (self.len() + 1, self.bytes() + name.len());
        Some(Steps(Some(Arc::new(Node { before: self.clone(), count, bytes, name: name.into(), step }))))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |n| n.count)
    }

    /// The length of all names.
    pub fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |n| n.bytes)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Without the last; `None` for none.
    pub fn parent(&self) -> Option<Steps> {
        self.0.as_ref().map(|n| n.before.clone())
    }

    /// The last, as it stands in the path.
    pub fn last(&self) -> Option<&str> {
        self.0.as_ref().map(|n| &*n.name)
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        std::iter::successors(self.0.as_deref(), |n| n.before.0.as_deref())
    }

    /// In the order of the path.
    pub fn steps(&self) -> Vec<&Step> {
        let mut steps: Vec<&Step> = self.nodes().map(|n| &n.step).collect();
        steps.reverse();
        steps
    }
}

impl PartialEq for Steps {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.nodes().zip(other.nodes()).all(|(a, b)| a.name == b.name)
    }
}

impl Eq for Steps {}

impl Hash for Steps {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.nodes().for_each(|n| n.name.hash(state));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(name: &str) -> Option<(String, Operator, String)> {
        match Step::parse(name)? {
            Step::Predicate { left, operator, right } => Some((left, operator, right)),
            Step::Option { name, value } => Some((format!("@{name}"), Operator::Eq, value.unwrap_or_default())),
        }
    }

    #[test]
    fn predicates_and_options() {
        use Operator::*;
        for (name, left, operator, right) in [
            ("a=1", "a", Eq, "1"),
            ("a = 1", "a", Eq, "1"),
            ("a!=x=y", "a", NotEq, "x=y"),
            ("a<>1", "a", NotEq, "1"),
            ("a<=1", "a", LessEq, "1"),
            ("a>12:00", "a", Greater, "12:00"),
            ("a in (1,2)", "a", In, "(1,2)"),
            ("a IN(1,2)", "a", In, "(1,2)"),
            ("a contains x", "a", Contains, "x"),
            ("a contains  key x", "a", ContainsKey, "x"),
            ("a contains key", "a", Contains, "key"),
            ("a contains key%2F", "a", Contains, "key/"),
            ("a like 'x%'", "a", Like, "'x%'"),
            ("path=%2Fusr%2Flib", "path", Eq, "/usr/lib"),
            ("\"a=\"\"b\"=1", "\"a=\"\"b\"", Eq, "1"),
            ("m['k=1]']=v", "m['k=1]']", Eq, "v"),
            ("(a, b)>(1,2)", "(a, b)", Greater, "(1,2)"),
            ("token(a)>=-5", "token(a)", GreaterEq, "-5"),
            ("name=Ann in (x)", "name", Eq, "Ann in (x)"),
            ("in=1", "in", Eq, "1"),
            ("a=", "a", Eq, ""),
            // A blank of Unicode is none of CQL.
            ("a= \u{2003}", "a", Eq, "\u{2003}"),
            ("größe=ü", "größe", Eq, "ü"),
            ("@limit=5", "@limit", Eq, "5"),
            ("@distinct", "@distinct", Eq, ""),
            ("@select=a,b as c", "@select", Eq, "a,b as c"),
        ] {
            assert_eq!(parts(name), Some((left.to_owned(), operator, right.to_owned())), "{name}");
        }
        for name in
            ["a", "=1", "", "a b", "a in", "a inx (1)", "(a=1", "a)=1", "\"a=1", "%ff=1", "@", "@Limit=1", "@=1"]
        {
            assert_eq!(parts(name), None, "{name}");
        }
    }

    #[test]
    fn a_path_has_an_end() {
        let mut steps = Steps::default();
        for _ in 0..MAX_STEPS {
            steps = steps.and("a=1").unwrap();
        }
        assert_eq!(steps.and("a=1"), None);
        assert_eq!(steps.steps().len(), MAX_STEPS);
        assert_eq!(steps.parent().and_then(|s| s.and("a=1")), Some(steps.clone()));
        assert_ne!(steps.parent().and_then(|s| s.and("a=2")), Some(steps));
    }
}
