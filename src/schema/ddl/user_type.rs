//! CREATE TYPE and ALTER TYPE. Follows CreateTypeStatement and AlterTypeStatement.

use std::sync::Arc;

use crate::Result;
use crate::cql::{Type, UserType};

use super::super::table::Keyspace;
use super::Script;

impl Script<'_, '_> {
    pub(super) fn create_type(&mut self) -> Result<()> {
        let if_not_exists = self.if_not_exists();
        let (keyspace, name) = self.qualified_name("a type")?;
        self.tokens.expect_symbol("(")?;
        let mut fields: Vec<(String, Type)> = Vec::new();
        loop {
            let (token, field) = self.placed_name("a field")?;
            if fields.iter().any(|(other, _)| *other == field) {
                return Err(self.error(token, &format!("field {field} is defined twice")));
            }
            let ty = self.parse_type(&keyspace)?;
            fields.push((field, ty));
            if self.tokens.symbol(")") {
                break;
            }
            if !self.tokens.symbol(",") {
                return Err(self.tokens.expected("',' or ')'"));
            }
        }
        let types = &mut self.keyspace(&keyspace).types;
        let known = types.iter().position(|ty| ty.name == name);
        let user = Arc::new(UserType { keyspace, name, fields, multi_cell: true });
        match known {
            Some(_) if if_not_exists => {}
            Some(at) => types[at] = user,
            None => types.push(user),
        }
        Ok(())
    }

    /// `ADD field type`, `RENAME a TO b AND c TO d`.
    pub(super) fn alter_type(&mut self) -> Result<()> {
        let if_exists = self.if_exists();
        let place = self.tokens.peek();
        let (keyspace, name) = self.qualified_name("a type")?;
        let known = self.keyspaces.get(&keyspace).and_then(|k| k.types.iter().find(|ty| ty.name == name)).cloned();
        let Some(known) = known else {
            if if_exists {
                self.skip();
                return Ok(());
            }
            return Err(self.error(place, &format!("unknown type {keyspace}.{name}")));
        };
        let mut user = (*known).clone();
        if self.tokens.keyword("add") {
            let if_not_exists = self.if_not_exists();
            let (token, field) = self.placed_name("a field")?;
            let ty = self.parse_type(&keyspace)?;
            if user.fields.iter().all(|(other, _)| *other != field) {
                user.fields.push((field, ty));
            } else if !if_not_exists {
                return Err(self.error(token, &format!("field {field} is already there")));
            }
        } else if self.tokens.keyword("rename") {
            let if_exists = self.if_exists();
            loop {
                let (token, from) = self.placed_name("a field")?;
                self.tokens.expect_keyword("to")?;
                let to = self.tokens.name("a field")?;
                // Names as they were before the statement: two may be exchanged.
                match known.fields.iter().position(|(field, _)| *field == from) {
                    Some(at) => user.fields[at].0 = to,
                    None if if_exists => {}
                    None => return Err(self.error(token, &format!("unknown field {from}"))),
                }
                if !self.tokens.keyword("and") {
                    break;
                }
            }
        } else {
            return Err(self.tokens.expected("ADD or RENAME"));
        }
        replace_type(self.keyspace(&keyspace), user);
        Ok(())
    }
}

/// Puts a new version of a user type wherever the old one is used.
fn replace_type(keyspace: &mut Keyspace, user: UserType) {
    for ty in &mut keyspace.types {
        *ty = Arc::new(if ty.name == user.name { user.clone() } else { replaced_fields(ty, &user) });
    }
    for table in keyspace.tables.values_mut() {
        let table = Arc::make_mut(table);
        let columns = table.partition_key.iter_mut().chain(&mut table.clustering);
        for column in columns.chain(&mut table.statics).chain(&mut table.regulars) {
            column.ty = replaced(&column.ty, &user);
        }
    }
}

fn replaced_fields(ty: &UserType, user: &UserType) -> UserType {
    let fields = ty.fields.iter().map(|(name, ty)| (name.clone(), replaced(ty, user))).collect();
    UserType { fields, ..ty.clone() }
}

fn replaced(ty: &Type, user: &UserType) -> Type {
    let inner = |ty: &Type| Box::new(replaced(ty, user));
    match ty {
        Type::User(old) if old.name == user.name => {
            let fields = user.fields.iter().map(|(name, ty)| (name.clone(), ty.freeze())).collect();
            Type::User(Arc::new(UserType { fields, multi_cell: old.multi_cell, ..user.clone() }))
        }
        Type::User(other) => Type::User(Arc::new(replaced_fields(other, user))),
        Type::List { element, multi_cell } => Type::List { element: inner(element), multi_cell: *multi_cell },
        Type::Set { element, multi_cell } => Type::Set { element: inner(element), multi_cell: *multi_cell },
        Type::Map { key, value, multi_cell } => {
            Type::Map { key: inner(key), value: inner(value), multi_cell: *multi_cell }
        }
        Type::Tuple(types) => Type::Tuple(types.iter().map(|ty| replaced(ty, user)).collect()),
        Type::Vector { element, dimension } => Type::Vector { element: inner(element), dimension: *dimension },
        other => other.clone(),
    }
}
