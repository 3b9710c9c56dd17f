{# Seconds from one timestamp to another; negative when the other is earlier. #}
{% macro seconds_between(start, end) -%}
    cast(extract(epoch from ({{ end }} - {{ start }})) as double precision)
{%- endmacro %}
