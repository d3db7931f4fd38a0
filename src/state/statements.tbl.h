/* SPDX-License-Identifier: MIT */
/*
 * The statements that write changes. Rows only: SQL(id, text). The three of a table of ranges
 * stand in the order FLOOR, DROP, PUT.
 */
#ifndef SQL
#error "define SQL() first"
#endif
/* clang-format off */
SQL(BEGIN, "BEGIN IMMEDIATE")
SQL(COMMIT, "COMMIT")
SQL(SETTING_PUT, "REPLACE INTO setting VALUES (?1, ?2)")
SQL(POISON_FLOOR, "SELECT start, length, attr FROM poison WHERE start <= ?1 ORDER BY start DESC LIMIT 1")
SQL(POISON_DROP, "DELETE FROM poison WHERE start >= ?1 AND start < ?2")
SQL(POISON_PUT, "REPLACE INTO poison VALUES (?1, ?2, ?3)")
SQL(LIST_FLOOR, "SELECT start, length, attr FROM list WHERE start <= ?1 ORDER BY start DESC LIMIT 1")
SQL(LIST_DROP, "DELETE FROM list WHERE start >= ?1 AND start < ?2")
SQL(LIST_PUT, "REPLACE INTO list VALUES (?1, ?2, ?3)")
SQL(OVERFLOW_DROP, "DELETE FROM overflow")
SQL(OVERFLOW_PUT, "REPLACE INTO overflow VALUES (0, ?1)")
SQL(CONTENT_DROP, "DELETE FROM content WHERE start >= ?1 AND start < ?2")
SQL(CONTENT_PUT, "REPLACE INTO content VALUES (?1, ?2)")
SQL(LSA_GET, "SELECT data FROM lsa WHERE start = ?1")
SQL(LSA_DROP, "DELETE FROM lsa WHERE start = ?1")
SQL(LSA_PUT, "REPLACE INTO lsa VALUES (?1, ?2)")
SQL(EVENT_ADD, "INSERT INTO event VALUES (?1, (SELECT ifnull(max(seq), 0) + 1 FROM event WHERE log = ?1), ?2)")
SQL(EVENT_DROP, "DELETE FROM event WHERE log = ?1 AND seq <= (SELECT seq FROM event WHERE log = ?1 ORDER BY seq LIMIT 1 OFFSET ?2 - 1)")
SQL(EXTENT_DROP, "DELETE FROM extent WHERE start >= ?1 AND start < ?2")
SQL(EXTENT_PUT, "INSERT INTO extent VALUES (?1, ?2, ?3, ?4)")
SQL(LOST_DROP, "DELETE FROM lost WHERE log = ?1")
SQL(LOST_PUT, "REPLACE INTO lost VALUES (?1, ?2, ?3)")
/* clang-format on */
#undef SQL
