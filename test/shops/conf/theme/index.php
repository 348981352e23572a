<!doctype html>
<html <?php language_attributes(); ?>><head><meta charset="<?php bloginfo('charset'); ?>"><?php wp_head(); ?></head>
<body <?php body_class(); ?>><?php while (have_posts()) { the_post(); the_title('<h1>', '</h1>'); the_content(); comment_form(); } wp_footer(); ?></body></html>
