//! CQL: statements, schemas, names of types, literals.

use std::sync::Arc;

use sstablefs::Result;
use sstablefs::cql::{java, names, parse_text};
use sstablefs::query::Statement;
use sstablefs::schema::{Detail, ddl};
use sstablefs_render::{ResultForm, ResultText, explain_json, explain_text};

use crate::tables;

const NOW: i64 = 1_800_000_000;

/// So many result rows are read.
const ROWS: usize = 100;

pub fn run(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let _ = match kind % 4 {
        0 => select(text),
        1 => create(text),
        2 => types(text),
        _ => literals(text),
    };
}

fn select(text: &str) -> Result<()> {
    let statement = Statement::parse(text)?;
    let Some(store) = tables::database().table(statement.keyspace().unwrap_or("deletions"), statement.table()) else {
        return Ok(());
    };
    let view = store.view()?;
    let query = Arc::new(sstablefs_render::bind(&statement, view.table())?);
    let explanation = query.explain(&view, NOW)?;
    let _ = (explain_json(&explanation), explain_text(&explanation));
    let mut rows = query.run(&view, NOW)?;
    let mut texts = [ResultForm::Json, ResultForm::Csv(Default::default())].map(|form| ResultText::new(&query, form));
    let mut out = Vec::new();
    for text in &mut texts {
        text.begin(&mut out);
    }
    for _ in 0..ROWS {
        let Some(row) = rows.next_row()? else { break };
        for text in &mut texts {
            out.clear();
            let _ = text.row(&row, &mut out);
        }
    }
    Ok(())
}

/// What is printed of a schema means the same.
fn create(text: &str) -> Result<()> {
    for keyspace in ddl::parse(text, Some("ks"))?.values() {
        let printed = keyspace.to_cql(Detail::Internals);
        let again = ddl::parse(&printed, None);
        assert!(again.is_ok(), "{:?}: {printed}", again.err());
    }
    Ok(())
}

fn types(text: &str) -> Result<()> {
    if let Ok(ty) = names::parse(text, &|_| None) {
        let printed = names::cql_name(&ty);
        assert_eq!(names::parse(&printed, &|_| None).ok(), Some(ty), "{printed}");
    }
    let (ty, reversed) = java::parse(text)?;
    let printed = java::name(&ty, reversed);
    assert_eq!(java::parse(&printed).ok(), Some((ty, reversed)), "{printed}");
    Ok(())
}

fn literals(text: &str) -> Result<()> {
    for table in tables::rich() {
        for column in table.all_columns() {
            let _ = parse_text(&column.ty, text);
        }
    }
    Ok(())
}
