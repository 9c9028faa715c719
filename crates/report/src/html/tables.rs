//! Differences of environments, and the digests in full.

use reproof_contract::Report;

use super::markup::{Name, Page, Prose};
use crate::facts::{because, fingerprint, grade};
use crate::tone::Tone;

pub(super) fn environment(page: &mut Page, report: &Report) {
    let environment = &report.environment;
    if environment.class.is_empty() && environment.differences.is_empty() {
        return;
    }
    writeln!(page, "<section aria-labelledby=\"environment\">\n<h2 id=\"environment\">Environment</h2>");
    write!(page, "<p>Class <code>{}</code>", Name(&environment.class));
    if let Some(golden) = &environment.golden_class {
        write!(page, ", goldens of <code>{}</code>", Name(golden));
    }
    write!(page, ".");
    if environment.differences.is_empty() {
        // Without a runner nothing was compared.
        let told =
            if report.runner.is_some() { " Nothing differs from the recorded environment." } else { "" };
        writeln!(page, "{told}</p>\n</section>");
        return;
    }
    writeln!(
        page,
        "</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Environment differences\">\n\
         <table>\n<caption class=\"unseen\">Differences from the recorded environment, gravest first</caption>\n\
         <thead><tr><th scope=\"col\">Item</th><th scope=\"col\">Recorded</th><th scope=\"col\">Now</th>\
         <th scope=\"col\">Effect</th><th scope=\"col\">Because</th></tr></thead>\n<tbody>",
    );
    let mut differences: Vec<_> = environment.differences.iter().collect();
    differences.sort_by_key(|difference| std::cmp::Reverse(difference.grade));
    for difference in differences {
        let tone = Tone::of_grade(difference.grade);
        writeln!(
            page,
            "<tr><th scope=\"row\"><bdi>{}</bdi></th><td><bdi>{}</bdi></td><td><bdi>{}</bdi></td>\
             <td><span class=\"chip {}\"><span aria-hidden=\"true\">{}</span> {}</span></td>\
             <td><bdi>{}</bdi></td></tr>",
            Name(&difference.item),
            Prose(&difference.recorded),
            Prose(&difference.current),
            tone.as_str(),
            tone.mark(),
            grade(difference.grade),
            Prose(&because(difference)),
        );
    }
    writeln!(page, "</tbody>\n</table>\n</div>");
    if let Some(found) = &environment.fingerprint {
        writeln!(page, "<p>Operators: {}.</p>", Prose(&fingerprint(found)));
    }
    writeln!(page, "</section>");
}

pub(super) fn digests(page: &mut Page, report: &Report) {
    let artifact = &report.artifact;
    let digests = [
        ("Artifact", artifact.artifact_digest),
        ("Weights", artifact.weights_digest),
        ("Values", artifact.values_digest),
        ("Architecture", artifact.architecture_digest),
        ("Contract", Some(report.contract.digest)),
    ];
    writeln!(
        page,
        "<section aria-labelledby=\"digests\">\n<h2 id=\"digests\">Digests</h2>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Digests\">\n<table class=\"digests\">\n\
         <caption class=\"unseen\">Digests in full</caption>\n<thead><tr><th scope=\"col\">Of</th>\
         <th scope=\"col\">Digest</th></tr></thead>\n<tbody>",
    );
    for (label, digest) in digests {
        write!(page, "<tr><th scope=\"row\">{label}</th><td>");
        match digest {
            Some(digest) => write!(page, "<code>{digest}</code>"),
            None => write!(page, "<span class=\"quiet\">could not be computed</span>"),
        }
        writeln!(page, "</td></tr>");
    }
    writeln!(page, "</tbody>\n</table>\n</div>\n</section>");
}
