//! Walking through the tokens of CQL text: what every parser of CQL is made of.

use std::borrow::Cow;

use crate::{Error, Result};

use super::lexer::{self, Token, TokenKind};
use super::names;

/// The tokens of a text and the place that a parser has reached.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

impl<'a> Tokens<'a> {
    /// At the first token; an error where the text can't be cut into tokens.
    pub fn new(text: &'a str) -> Result<Self> {
        Ok(Tokens { text, tokens: lexer::tokenize(text)?, at: 0 })
    }

    /// The next token, which stays the next one.
    pub fn peek(&self) -> Token {
        self.peek_at(0)
    }

    /// The token `n` places behind the next one.
    pub fn peek_at(&self, n: usize) -> Token {
        let end = Token { kind: TokenKind::End, start: self.text.len(), end: self.text.len() };
        self.tokens.get(self.at + n).copied().unwrap_or(end)
    }

    /// The next token, stepped over; the end is not.
    pub fn advance(&mut self) -> Token {
        let token = self.peek();
        if token.kind != TokenKind::End {
            self.at += 1;
        }
        token
    }

    /// Whether no token is left.
    pub fn is_at_end(&self) -> bool {
        self.peek().kind == TokenKind::End
    }

    /// A token as it is written.
    pub fn source(&self, token: Token) -> &'a str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    /// What is written from one token to another, comments and all.
    pub fn source_between(&self, first: Token, last: Token) -> &'a str {
        self.text.get(first.start..last.end).unwrap_or_default()
    }

    /// A string or a name without its quotes; any other token as it is written.
    pub fn unquoted(&self, token: Token) -> Cow<'a, str> {
        let source = self.source(token);
        let inner = |width: usize| source.get(width..source.len() - width).unwrap_or_default();
        match token.kind {
            TokenKind::QuotedName => inner(1).replace("\"\"", "\"").into(),
            TokenKind::String if source.starts_with('$') => inner(2).into(),
            TokenKind::String => inner(1).replace("''", "'").into(),
            _ => source.into(),
        }
    }

    /// Whether the token `n` places behind the next one is the keyword, in any case and without quotes.
    pub fn is_keyword(&self, n: usize, keyword: &str) -> bool {
        let token = self.peek_at(n);
        token.kind == TokenKind::Word && self.source(token).eq_ignore_ascii_case(keyword)
    }

    /// Whether the token `n` places behind the next one is the symbol.
    pub fn is_symbol(&self, n: usize, symbol: &str) -> bool {
        let token = self.peek_at(n);
        token.kind == TokenKind::Symbol && self.source(token) == symbol
    }

    /// Steps over the keyword if it comes next.
    pub fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.is_keyword(0, keyword);
        self.at += usize::from(found);
        found
    }

    /// Steps over the keywords if they come next, all of them.
    pub fn keywords(&mut self, keywords: &[&str]) -> bool {
        let found = keywords.iter().enumerate().all(|(n, keyword)| self.is_keyword(n, keyword));
        self.at += if found { keywords.len() } else { 0 };
        found
    }

    /// Steps over the symbol if it comes next.
    pub fn symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(0, symbol);
        self.at += usize::from(found);
        found
    }

    /// Steps over the keyword; an error with its place when something else comes next.
    pub fn expect_keyword(&mut self, keyword: &str) -> Result<()> {
        if self.keyword(keyword) { Ok(()) } else { Err(self.expected(&keyword.to_ascii_uppercase())) }
    }

    /// Steps over the symbol; an error with its place when something else comes next.
    pub fn expect_symbol(&mut self, symbol: &str) -> Result<()> {
        if self.symbol(symbol) { Ok(()) } else { Err(self.expected(&format!("'{symbol}'"))) }
    }

    /// An identifier: as it is in quotes, else in lower case. `what` says what it names.
    pub fn name(&mut self, what: &str) -> Result<String> {
        let token = self.peek();
        let source = self.source(token);
        let name = match token.kind {
            TokenKind::QuotedName if token.end - token.start > 2 => self.unquoted(token).into_owned(),
            TokenKind::Word if !names::is_reserved(source) => source.to_ascii_lowercase(),
            TokenKind::Word => {
                let message =
                    format!("expected {what}, found the keyword {source}; as a name it is written \"{source}\"");
                return Err(self.error(token, &message));
            }
            _ => return Err(self.expected(what)),
        };
        self.advance();
        Ok(name)
    }

    /// `name` or `keyspace.name`.
    pub fn qualified_name(&mut self, what: &str) -> Result<(Option<String>, String)> {
        let first = self.name(what)?;
        if self.symbol(".") {
            return Ok((Some(first), self.name(what)?));
        }
        Ok((None, first))
    }

    /// Items separated by commas, up to the closing symbol, which is stepped over.
    pub fn list<T>(&mut self, close: &str, mut item: impl FnMut(&mut Self) -> Result<T>) -> Result<Vec<T>> {
        let mut items = Vec::new();
        loop {
            items.push(item(self)?);
            if self.symbol(close) {
                return Ok(items);
            }
            if !self.symbol(",") {
                return Err(self.expected(&format!("',' or '{close}'")));
            }
        }
    }

    /// "expected …, found …" at the next token.
    pub fn expected(&self, what: &str) -> Error {
        let token = self.peek();
        let found = match token.kind {
            TokenKind::End => "the end of the text".to_owned(),
            _ => {
                let source = self.source(token);
                match source.char_indices().nth(40) {
                    Some((cut, _)) => format!("{}…", &source[..cut]),
                    None => source.to_owned(),
                }
            }
        };
        self.error(token, &format!("expected {what}, found {found}"))
    }

    /// An error about a token.
    pub fn error(&self, token: Token, message: &str) -> Error {
        lexer::error_at(self.text, token.start, message)
    }
}
