{# The end of a validity; null if it is a zero of some program's, such as the year 1 or 1970. #}
{% macro sane_end(column) -%}
    case when {{ column }} > cast('1980-01-01' as timestamp) then {{ column }} end
{%- endmacro %}
