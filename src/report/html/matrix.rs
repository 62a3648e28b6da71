//! Who takes what: which server took and refused tickets under which key.

use super::axis::counted;
use super::legend::Legend;
use super::markup::Html;
use super::tables::{begin, more};
use crate::resumption::Reason;
use crate::survey::{Course, Group, Uses};

/// Servers that have a column; if there are more, only what was refused is listed.
const MAX_COLUMNS: usize = 8;
/// Rows of the list.
const MAX_ROWS: usize = 60;

/// Appends the section; nothing if no ticket was offered.
pub(super) fn draw(legend: &Legend<'_>, html: &mut Html) {
    let offered: Vec<&Group> = legend.overview.groups.iter().filter(|group| group.uses.offered > 0).collect();
    let asked = |server: &&str| offered.iter().any(|group| of(group, server).is_some());
    let servers: Vec<&str> = legend.overview.servers().into_iter().filter(asked).collect();
    if servers.is_empty() {
        return;
    }
    html.raw("<section id=\"matrix\" aria-labelledby=\"h-mx\"><h2 id=\"h-mx\">Who takes what</h2>");
    if servers.len() <= MAX_COLUMNS && offered.len() <= MAX_ROWS {
        table(legend, &offered, &servers, html);
    } else {
        list(legend, &offered, &servers, html);
    }
    html.raw("</section>");
}

fn of<'g>(group: &'g Group, server: &str) -> Option<&'g Uses> {
    group.by_server.get(server).filter(|uses| uses.offered > 0)
}

fn table(legend: &Legend<'_>, offered: &[&Group], servers: &[&str], html: &mut Html) {
    begin("mx", html);
    html.raw("<caption>Which server takes tickets sealed under which key</caption><thead><tr><th scope=\"col\">clients offered</th>");
    for server in servers {
        html.raw("<th scope=\"col\">").text(server).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
    for group in offered {
        html.raw("<tr><th scope=\"row\">");
        legend.group(group, html);
        if group.key_name.is_some() && group.uses.issued + group.uses.accepted == 0 {
            html.raw("<br><span class=\"sub\">no server here has shown to have it</span>");
        }
        html.raw("</th>");
        for server in servers {
            match of(group, server) {
                Some(uses) => {
                    html.raw("<td>");
                    cell(legend, uses, group.courses.get(*server), html);
                    html.raw("</td>");
                }
                None => drop(html.raw("<td class=\"no\">–</td>")),
            }
        }
        html.raw("</tr>");
    }
    html.raw("</tbody></table></div>");
}

fn cell(legend: &Legend<'_>, uses: &Uses, course: Option<&Course>, html: &mut Html) {
    let Uses { offered, accepted, refused, .. } = *uses;
    bar(uses, html);
    match accepted {
        0 if refused > 0 => drop(html.raw("<b class=\"bad\">none taken</b>")),
        0 => {}
        _ => drop(html.raw("<b>").text(accepted).raw(" taken</b>")),
    }
    if refused > 0 {
        html.raw("<br><b class=\"bad\">× ").text(refused).raw(" refused</b>");
        if let Some(course) = course {
            since(legend, course, html);
            reasons(course, html);
        }
    }
    let open = offered.saturating_sub(accepted + refused);
    if open > 0 {
        html.raw(if accepted + refused > 0 { "<br>" } else { "" });
        html.raw("<span class=\"sub\">").text(open).raw(" with no outcome seen</span>");
    }
}

fn bar(uses: &Uses, html: &mut Html) {
    let all = counted(uses.offered.max(1));
    let (taken, refused) = (100.0 * counted(uses.accepted) / all, 100.0 * counted(uses.refused) / all);
    html.raw("<svg viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" class=\"mini\" aria-hidden=\"true\"><rect class=\"s-track\" width=\"100\" height=\"8\"/>");
    if taken > 0.0 {
        html.raw("<rect class=\"s-ticket\" height=\"8\" width=\"").at(taken).raw("\"/>");
    }
    if refused > 0.0 {
        html.raw("<rect class=\"s-refused\" height=\"8\" x=\"").at(taken).raw("\" width=\"").at(refused).raw("\"/>");
    }
    html.raw("</svg>");
}

/// From when on all were refused, if that is how it went.
fn since(legend: &Legend<'_>, course: &Course, html: &mut Html) {
    let (Some((_, last)), Some((first, _))) = (course.accepted.span, course.refused.span) else { return };
    if last < first {
        html.raw(", none taken from ").text(legend.clock.time(first)).raw(" on");
    }
}

fn reasons(course: &Course, html: &mut Html) {
    let mut reasons: Vec<(&Reason, &u64)> = course.reasons.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    if reasons.is_empty() {
        return;
    }
    html.raw("<br><span class=\"sub\">");
    for (number, (reason, count)) in reasons.iter().take(3).enumerate() {
        html.raw(if number == 0 { "" } else { ", " }).text(phrase(**reason)).raw(" ×").text(count);
    }
    html.raw("</span>");
}

/// A reason in a few words.
fn phrase(reason: Reason) -> String {
    reason.as_str().replace('_', " ")
}

fn list(legend: &Legend<'_>, offered: &[&Group], servers: &[&str], html: &mut Html) {
    let mut cells: Vec<(&Group, &str, &Uses)> = offered
        .iter()
        .flat_map(|group| servers.iter().filter_map(|server| Some((*group, *server, of(group, server)?))))
        .collect();
    let (all, taken) = (cells.len(), cells.iter().filter(|(_, _, uses)| uses.refused == 0).count());
    cells.retain(|(_, _, uses)| uses.refused > 0);
    cells.sort_by_key(|(_, _, uses)| std::cmp::Reverse(uses.refused));
    let refusing = cells.len();
    cells.truncate(MAX_ROWS);
    if cells.is_empty() {
        html.raw("<p class=\"how\">No ticket was refused: ")
            .text(servers.len())
            .raw(" servers were offered tickets under ");
        html.text(offered.len()).raw(" keys.</p>");
        return;
    }
    begin("", html);
    html.raw("<caption>Servers that refused tickets, and the keys these were sealed under. ").text(taken);
    html.raw(" of ").text(all).raw(" pairs of server and key had no refusal and are left out.</caption><thead><tr><th scope=\"col\">server</th><th scope=\"col\">key</th><th scope=\"col\">taken and refused</th></tr></thead><tbody>");
    for (group, server, uses) in &cells {
        html.raw("<tr><th scope=\"row\">").text(server).raw("</th><td>");
        legend.group(group, html);
        html.raw("</td><td class=\"wide\">");
        cell(legend, uses, group.courses.get(*server), html);
        html.raw("</td></tr>");
    }
    more(refusing - cells.len(), 3, html);
    html.raw("</tbody></table></div>");
}
